import { run } from './program.ts'

// Open connections of the engine's client must not keep the process; but what a slow reader has not taken yet must.
const written = (stream: NodeJS.WriteStream) =>
  stream.writableLength > 0 && new Promise(resolve => stream.write('', resolve))
void run(process.argv.slice(2)).then(async code => {
  await written(process.stdout)
  await written(process.stderr)
  process.exit(code)
})
