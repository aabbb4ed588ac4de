/**
 * The first file of the published command line: runs the program beside it (scripts/bundle-program.ts) with the code that
 * V8 has compiled in earlier runs. Node's own compile cache has what is compiled when a file is loaded; but a function is
 * compiled when it is first called, and that takes longer than all that a command then does.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'
import { commandIn } from './command-in.ts'
import { findCode, keepCode } from './kept-code.ts'

/** From scripts/bundle.ts: the digest of the program, and its commands: `config`, `container exec`. */
declare const PROGRAM: string
declare const COMMANDS: readonly string[]

/** How many runs of a command add what they had to compile; after that there is little left. */
const RUNS = 3
/** In ms. A command that stays has begun by then. In time V8 throws away code that does not run. */
const BEGUN = 2000

const program = new URL('program.cjs', import.meta.url)
const kept = findCode(`${PROGRAM}-${process.version}-${process.arch}`, commandIn(process.argv.slice(2), COMMANDS))
const script = new Script(readFileSync(program, 'latin1'), {
  filename: fileURLToPath(program),
  ...(kept.code && { cachedData: kept.code }),
})
const runs = script.cachedDataRejected ? 0 : kept.runs
if (runs < RUNS) {
  const keep = () => keepCode({ file: kept.file, code: script.createCachedData(), runs: runs + 1 })
  const atExit = (code: number) => code === 0 && keep()
  process.on('exit', atExit)
  setTimeout(() => {
    process.off('exit', atExit)
    keep()
  }, BEGUN).unref()
}
script.runInThisContext()(createRequire(program), program.href)
