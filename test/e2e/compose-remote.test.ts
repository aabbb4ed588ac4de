import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { temporaryDirectory } from '../temporary.ts'
import { freePort, newMachine, skip } from './machine.ts'

const options = { skip, timeout: 120_000 }

/** A server of this machine on loopback, until the test ends. @returns when it accepts connections */
async function serve(t: TestContext, port: number, program: string, ...args: string[]): Promise<void> {
  const server = spawn(program, args, { stdio: 'ignore' })
  t.after(async () => {
    if (server.exitCode !== null) return
    server.kill()
    await once(server, 'exit')
  })
  for (let open = false; !open; await delay(20)) {
    assert.equal(server.exitCode, null, `${program} has ended`)
    const socket = connect(port, '127.0.0.1')
    open = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false)
    socket.destroy()
  }
}

function directory(t: TestContext): string {
  const path = temporaryDirectory('remote', t)
  return path
}

const project = {
  'compose.yaml': `# whoever reads it learns why
name: app
services:
  web:
    extends: {service: base, file: parts/base.yaml}
    env_file: ["secret.env"]
    command: [sh, -c, 'echo "$$GREETING $$ONE $$BASE from $$(cat /data/file)"']
    environment: {GREETING: "\${GREETING:-hello}"}
    volumes: ["./data:/data"]
`,
  'compose.override.yaml': 'services: {web: {labels: {over: ridden}}}\n',
  'parts/base.yaml': 'services: {base: {image: "rootfs:/", environment: {BASE: base}}}\n',
  'secret.env': 'ONE=1\n',
}

test('a project is published to a registry and run from it, elsewhere', options, async t => {
  const machine = await newMachine(t)
  const registry = directory(t)
  const port = await freePort()
  writeFileSync(
    join(registry, 'config.yml'),
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${registry}}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
  )
  await serve(t, port, 'docker-registry', 'serve', join(registry, 'config.yml'))
  const env = { XDG_CACHE_HOME: join(machine.dir, 'cache') }
  const name = `localhost:${port}/team/app:1`
  const at = { cwd: await machine.project('mine', project), env }

  await t.test('nothing leaves without a word from the user', async () => {
    const refused = await machine.run(['publish', name], at)
    assert.match(refused.stderr, /service "web" has env_file declared[^]*COMPOSE_PUBLISH_REFUSED/)
    const unasked = await machine.run(['publish', '--with-env', name], at)
    assert.equal(unasked.code, 130, 'a question that nobody answers is answered with no')
    assert.match(unasked.stderr, /bind mounts declaration[^]*web: .*\/data -> \/data/)
    const missing = await machine.run(['-f', `oci://${name}`, 'config'], at)
    assert.match(missing.stderr, /REGISTRY_NOT_FOUND/)
  })

  await machine.ok(['publish', '--with-env', '-y', name], at)
  const manifest = (await (
    await fetch(`http://127.0.0.1:${port}/v2/team/app/manifests/1`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    })
  ).json()) as { artifactType?: string; layers: { mediaType: string }[] }
  assert.equal(manifest.artifactType, 'application/vnd.docker.compose.project')
  assert.deepEqual(
    manifest.layers.map((layer: { mediaType: string }) =>
      layer.mediaType.replace('application/vnd.docker.compose.', ''),
    ),
    ['file+yaml', 'file+yaml', 'file+yaml', 'envfile'],
  )

  const elsewhere = { cwd: await machine.project('theirs', { 'data/file': 'there\n' }), env }
  machine.defer(() => machine.run(['-p', 'app', 'down', '-t', '0']))
  await t.test('relative paths are those of whoever runs it', async () => {
    const { stdout } = await machine.run(['-f', `oci://${name}`, 'up'], {
      ...elsewhere,
      env: { ...env, GREETING: 'hi' },
    })
    assert.match(stdout, /web-1 {2}\| hi 1 base from there\n/)
    const model = JSON.parse(await machine.ok(['-f', `oci://${name}`, 'config', '--format', 'json'], elsewhere))
    assert.deepEqual(model.services.web.labels, { over: 'ridden' })
  })

  await t.test('it can be included, and overridden', async () => {
    const compose = `include: ["oci://${name}"]\nservices: {web: {labels: {more: "1"}}}\n`
    const cwd = await machine.project('including', { 'compose.yaml': compose })
    const model = JSON.parse(await machine.ok(['config', '--format', 'json'], { cwd, env }))
    assert.deepEqual(model.services.web.labels, { over: 'ridden', more: '1' })
  })

  await t.test('offline, only what has a digest and is here already is used', async () => {
    const tagged = await machine.run(['--offline', '-f', `oci://${name}`, 'config'], elsewhere)
    assert.match(tagged.stderr, /\[OFFLINE\]/)
    const head = await fetch(`http://127.0.0.1:${port}/v2/team/app/manifests/1`, {
      method: 'HEAD',
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    })
    const digest = head.headers.get('docker-content-digest')
    await machine.ok(['--offline', '-f', `oci://localhost:${port}/team/app@${digest}`, 'config', '-q'], elsewhere)
  })
})

test('a Compose file is read out of a git repository, with the paths of that repository', options, async t => {
  const machine = await newMachine(t)
  const base = directory(t)
  const repository = join(base, 'demo.git')
  mkdirSync(join(repository, 'deploy'), { recursive: true })
  writeFileSync(join(repository, 'compose.yaml'), 'services: {web: {build: ., env_file: web.env}}\n')
  writeFileSync(join(repository, 'web.env'), 'FROM_GIT=yes\n')
  writeFileSync(join(repository, 'deploy/other.yaml'), `include: ["git://127.0.0.1/more.git"]\nservices: {}\n`)
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: repository })
  git('init', '-q', '-b', 'main')
  git('add', '.')
  git('commit', '-qm', 'first')
  const port = await freePort()
  await serve(t, port, 'git', 'daemon', '--export-all', '--listen=127.0.0.1', `--port=${port}`, `--base-path=${base}`)
  const env = { XDG_CACHE_HOME: join(machine.dir, 'cache') }
  const url = `git://127.0.0.1:${port}/demo.git`
  const cwd = await machine.project('here', { 'note.txt': '' })

  const model = JSON.parse(await machine.ok(['-f', `${url}#main`, 'config', '--format', 'json'], { cwd, env }))
  assert.equal(model.name, 'demo')
  assert.deepEqual(model.services.web.environment, { FROM_GIT: 'yes' })
  assert.match(model.services.web.build.context, /\/remote\/git\/[0-9a-f]{40}\/demo$/)

  const nested = await machine.run(['-f', `${url}#main:deploy/other.yaml`, 'config'], { cwd, env })
  assert.match(nested.stderr, /a remote Compose file may not name another one[^]*COMPOSE_REMOTE_INVALID/)
  const absent = await machine.run(['-f', `${url}#main:deploy`, 'config'], { cwd, env })
  assert.match(absent.stderr, /has no Compose file/)
  const offline = await machine.run(['--offline', '-f', url, 'config'], { cwd, env })
  assert.match(offline.stderr, /\[OFFLINE\]/)
})
