import module from 'node:module'
import os from 'node:os'
import path from 'node:path'

// Compiled code is kept from one command to the next, which halves the time to the first line of ours. What is kept is
// what the first run has compiled, so every command has a place of its own. The program comes by `require`, as in the
// bundle: one file in CommonJS is there 20 ms before an ES module with its chunks.
const word = process.argv[2] ?? ''
const cache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'tscompose')
module.enableCompileCache(path.join(cache, /^[a-z]{1,20}$/.test(word) ? word : 'any'))
const require = module.createRequire(import.meta.url)
const { run }: typeof import('./program.ts') = require(
  import.meta.url.endsWith('.ts') ? './program.ts' : './program.cjs',
)
// Open connections of the engine's client must not keep the process; but what a slow reader has not taken yet must.
const written = (stream: NodeJS.WriteStream) =>
  stream.writableLength > 0 && new Promise(resolve => stream.write('', resolve))
void run(process.argv.slice(2)).then(async code => {
  await written(process.stdout)
  await written(process.stderr)
  process.exit(code)
})
