import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Folder, projectFolder } from '../compose/load-folder.ts'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program in a folder with nothing but PATH and HOME in its environment. */
const run = ({ path }: Folder, ...args: string[]): Promise<Outcome> =>
  new Promise(resolve => {
    const env = { PATH: process.env.PATH ?? '', HOME: path, XDG_CACHE_HOME: join(path, '.cache') }
    execFile(process.execPath, [main, ...args], { cwd: path, env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })

const compose = `
name: demo
services:
  web:
    image: nginx:\${TAG:-1}
    depends_on: [db]
    ports: ["80:80"]
    environment: {PRICE: 5$$}
  db: {build: ./db, volumes: ["data:/data"]}
  extra: {image: busybox, profiles: [debug, more]}
volumes: {data: {}}
networks: {unused: {}}
`

test('config prints the project, and what it prints loads to the same', async () => {
  await using folder = await projectFolder({ 'compose.yaml': compose })
  const first = await run(folder, 'config', '-o', 'again.yaml')
  assert.deepEqual(first, { code: 0, stdout: '', stderr: '' })
  const printed = await readFile(join(folder.path, 'again.yaml'), 'utf8')
  assert.match(printed, /^name: demo\nservices:\n {2}db:\n {4}build:\n {6}context: \//)
  assert.match(printed, /PRICE: 5\$\$\n/)
  const again = await run(folder, '-f', 'again.yaml', 'config')
  assert.equal(again.stdout, printed)
})

test('config answers questions about the project, one name a line', async () => {
  await using folder = await projectFolder({ 'compose.yaml': compose })
  const answer = async (...flags: string[]) => (await run(folder, 'config', ...flags)).stdout
  assert.equal(await answer('--services'), 'db\nweb\n')
  assert.equal(await answer('--volumes'), 'data\n')
  assert.equal(await answer('--networks'), 'default\n')
  assert.equal(await answer('--profiles'), 'debug\nmore\n')
  assert.equal(await answer('--images'), 'demo-db\nnginx:1\n')
  assert.equal(await answer('-q'), '')
  assert.match(await answer('--hash', '*'), /^db [0-9a-f]{64}\nweb [0-9a-f]{64}\n$/)
  assert.match(await answer('--hash', 'web'), /^web [0-9a-f]{64}\n$/)
  assert.match(await answer('--variables'), /^NAME +REQUIRED +DEFAULT VALUE +ALTERNATE VALUE\nTAG +false +1/)
  assert.match(await answer('--environment'), /^COMPOSE_PROJECT_NAME=demo\n/m)
  assert.match(await answer('--why', 'services.web.image'), /\* compose\.yaml:5:12 +nginx:1 +from nginx:\$\{TAG:-1\}\n/)
  assert.equal(JSON.parse(await answer('--format', 'json', 'db')).services.db.build.dockerfile, 'Dockerfile')
  assert.match(await answer('--no-interpolate'), /image: nginx:\$\{TAG:-1\}\n/)
})

test('config fails with 1, the place of the mistake and nothing on stdout', async () => {
  await using folder = await projectFolder({ 'compose.yaml': 'services:\n  web: {imag: nginx}\n' })
  const { code, stdout, stderr } = await run(folder, 'config')
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.match(
    stderr,
    /^compose\.yaml:2:9: validating .* additional properties 'imag' not allowed .*\n.*\n.*\^\n {2}Did you mean "image"\?\n$/,
  )
})

test('config warns on stderr, with the line', async () => {
  await using folder = await projectFolder({
    'compose.yaml': 'version: "3"\nservices:\n  web: {image: "nginx:$TAG"}\n',
  })
  const { code, stderr } = await run(folder, 'config', '-q')
  assert.equal(code, 0)
  assert.match(stderr, /The \\"TAG\\" variable is not set.*\n {2}compose\.yaml:3:23: web: \{image: "nginx:\$TAG"\}\n/)
  assert.match(stderr, /the attribute `version` is obsolete.*\n {2}compose\.yaml:1:1: version: "3"\n/)
})

test('config refuses a format it does not know', async () => {
  await using folder = await projectFolder({ 'compose.yaml': compose })
  const { code, stderr } = await run(folder, 'config', '--format', 'toml')
  assert.equal(code, 1)
  assert.match(stderr, /unsupported format "toml"/)
})
