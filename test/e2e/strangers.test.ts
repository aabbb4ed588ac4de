import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { imageArchives, newMachine, skip } from './machine.ts'

/** Libraries written for Docker; they are no dependencies of ours, and stay where no checkout sees them. */
const strangers = ['dockerode@5.0.1', 'testcontainers@12.0.4']
const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tscompose-test', strangers.join('+'))

/** @returns where they are, or undefined where npm cannot fetch them */
function install(): string | undefined {
  const modules = join(folder, 'node_modules')
  if (existsSync(join(modules, 'testcontainers'))) return modules
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private": true}')
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...strangers], {
    cwd: folder,
  })
  return status === 0 ? modules : undefined
}

const dockerode = `
import Docker from 'dockerode'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
const docker = new Docker()
assert.equal((await docker.ping()).toString(), 'OK')
const text = async stream => Buffer.concat(await Array.fromAsync(stream)).toString()
const out = new PassThrough()
const [{ StatusCode }, ran] = await docker.run('busybox', ['sh', '-c', 'echo out; echo err >&2; exit 3'], [out, process.stderr], { Tty: false })
assert.equal(StatusCode, 3)
assert.equal(out.read()?.toString(), 'out\\n')
assert.match((await ran.logs({ stdout: true, stderr: true })).toString('latin1'), /out\\n.*err\\n/s)
await ran.remove()
const container = await docker.createContainer({ Image: 'busybox', Cmd: ['cat'], OpenStdin: true, Tty: true, name: 'cat' })
const stream = await container.attach({ stream: true, stdin: true, stdout: true, hijack: true })
await container.start()
await container.resize({ h: 20, w: 70 })
stream.write('typed\\n')
await once(stream, 'data')
const exec = await container.exec({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true })
const session = await exec.start({ hijack: true, stdin: true })
const heard = new PassThrough()
docker.modem.demuxStream(session, heard, heard)
session.end('through exec')
await once(session, 'end')
assert.equal(heard.read()?.toString(), 'through exec')
assert.equal((await exec.inspect()).ExitCode, 0)
const listed = await docker.listContainers({ filters: { name: ['cat'], status: ['running'] } })
assert.deepEqual(listed.map(({ Names }) => Names), [['/cat']])
const { memory_stats } = await container.stats({ stream: false })
assert.ok(memory_stats.usage > 0)
await assert.rejects(docker.getContainer('nobody').inspect(), { statusCode: 404 })
await container.stop({ t: 0 })
assert.equal((await container.inspect()).State.Status, 'exited')
await container.remove()
const until = Math.ceil(Date.now() / 1000)
const events = await text(await docker.getEvents({ since: until - 60, until, filters: { type: ['container'] } }))
assert.deepEqual(events.trim().split('\\n').map(JSON.parse).filter(({ Actor }) => Actor.Attributes.name === 'cat').map(({ Action }) => Action).filter(action => ['create', 'start', 'die', 'destroy'].includes(action)), ['create', 'start', 'die', 'destroy'])
`

const testcontainers = `
import { GenericContainer, Network, Wait } from 'testcontainers'
import assert from 'node:assert/strict'
const network = await new Network().start()
const web = await new GenericContainer('busybox')
  .withCommand(['sh', '-c', 'mkdir /www; cp /tmp/index.html /www; echo serving; httpd -f -h /www'])
  .withCopyContentToContainer([{ content: 'from testcontainers', target: '/tmp/index.html' }])
  .withNetwork(network).withNetworkAliases('web').withExposedPorts(80)
  .withWaitStrategy(Wait.forAll([Wait.forListeningPorts(), Wait.forLogMessage('serving')]))
  .start()
const answer = await fetch(\`http://\${web.getHost()}:\${web.getMappedPort(80)}/\`)
assert.equal(await answer.text(), 'from testcontainers')
const { output, exitCode } = await web.exec(['wget', '-qO-', 'http://web/'])
assert.equal(output, 'from testcontainers')
assert.equal(exitCode, 0)
await web.stop()
await network.stop()
`

test('libraries written for Docker work with the engine as it is', { skip }, async t => {
  const modules = install()
  if (!modules) return t.skip('npm cannot fetch them here')
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', ...imageArchives('busybox')])
  symlinkSync(modules, join(machine.dir, 'node_modules'))
  const env = {
    ...machine.env,
    DOCKER_HOST: `unix://${machine.socket}`,
    // Its reaper is an image of its own, and the machine has no registry.
    TESTCONTAINERS_RYUK_DISABLED: 'true',
  }
  for (const [name, script] of Object.entries({ dockerode, testcontainers }))
    await t.test(name, () => {
      const file = join(machine.dir, `${name}.mjs`)
      writeFileSync(file, script)
      const { status, stderr } = spawnSync(process.execPath, [file], { env, encoding: 'utf8', timeout: 60_000 })
      assert.equal(status, 0, stderr)
    })
})
