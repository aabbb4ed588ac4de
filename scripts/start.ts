/** `npm start`: brings up examples/hello, shows it, and says what to open and how to take it down. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const port = process.env.HELLO_PORT ?? '8080'
const tscompose = (...args: string[]) => {
  console.log(`$ tscompose ${args.join(' ')}`)
  const { status } = spawnSync(`${root}/bin/tscompose`, args, { cwd: `${root}/examples/hello`, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

tscompose('up', '--wait')
tscompose('ps')
console.log(`
Open       http://localhost:${port}/
Follow     (cd examples/hello && ../../bin/tscompose logs -f)
Take down  (cd examples/hello && ../../bin/tscompose down)
`)
