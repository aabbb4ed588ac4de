import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { imageArchives, newMachine, skip } from './machine.ts'

/** Libraries written for Docker; they are no dependencies of ours, and stay where no checkout sees them. */
const strangers = ['dockerode@5.0.1', 'testcontainers@12.0.4', '@devcontainers/cli@0.89.0']
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tscompose-test')
const folder = join(cache, strangers.join('+').replaceAll('/', '_'))

/** @returns where they are, or undefined where npm cannot fetch them */
function install(): string | undefined {
  const modules = join(folder, 'node_modules')
  if (existsSync(join(modules, '@devcontainers'))) return modules
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
const plain = await docker.createContainer({ Image: 'busybox', Cmd: ['cat'], OpenStdin: true, StdinOnce: true })
const input = await plain.attach({ stream: true, stdin: true, stdout: true, hijack: true })
await plain.start()
input.end('only what is written')
assert.match(await text(input), /^.{8}only what is written$/s)
await plain.remove()
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
const built = await GenericContainer.fromDockerfile(process.cwd()).withBuildkit().withBuildArgs({ WORD: 'told' }).build('built:1', { deleteOnExit: false })
const box = await built.withCommand(['sleep', '1000']).start()
assert.equal((await box.exec(['cat', '/word'])).output.trim(), 'told')
await box.stop()
`

const dockerPy = `
import docker
client = docker.from_env()
box = client.containers.run('busybox', ['sleep', '1000'], detach=True, labels={'a': 'b'})
for _ in range(20):
    code, (out, err) = box.exec_run(['sh', '-c', 'echo out; echo err >&2; exit 3'], demux=True)
    assert (code, out, err) == (3, b'out\\n', b'err\\n'), (code, out, err)
assert box.exec_run('cat /etc/hostname').output.decode().strip() == box.id[:12]
assert [found.id for found in client.containers.list(filters={'label': 'a=b'})] == [box.id]
assert box.stats(stream=False)['memory_stats']['usage'] > 0
box.remove(force=True)
assert client.containers.run('busybox', 'echo hello', remove=True) == b'hello\\n'
`

test('libraries written for Docker work with the engine as it is', { skip }, async t => {
  const modules = install()
  if (!modules) return t.skip('npm cannot fetch them here')
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', ...imageArchives('busybox')])
  machine.defer(async () => {
    const ids = (await machine.ok(['container', 'ls', '-aq'])).split('\n').filter(Boolean)
    if (ids.length > 0) await machine.ok(['container', 'rm', '-f', ...ids])
  })
  symlinkSync(modules, join(machine.dir, 'node_modules'))
  const env = {
    ...machine.env,
    DOCKER_HOST: `unix://${machine.socket}`,
    // Its reaper is an image of its own, and the machine has no registry.
    TESTCONTAINERS_RYUK_DISABLED: 'true',
  }
  writeFileSync(join(machine.dir, 'Dockerfile'), 'FROM busybox\nARG WORD\nRUN echo $WORD > /word\n')
  for (const [name, script] of Object.entries({ dockerode, testcontainers }))
    await t.test(name, () => {
      const file = join(machine.dir, `${name}.mjs`)
      writeFileSync(file, script)
      const { status, stderr } = spawnSync(process.execPath, [file], {
        ...{ cwd: machine.dir, env, encoding: 'utf8', timeout: 60_000 },
      })
      assert.equal(status, 0, stderr)
    })

  await t.test("Docker's Python library", t => {
    const python = '/usr/bin/python3'
    if (spawnSync(python, ['-c', 'import docker']).status !== 0) return t.skip('needs the package python3-docker')
    const { status, stderr } = spawnSync(python, ['-c', dockerPy], { env, encoding: 'utf8', timeout: 60_000 })
    assert.equal(status, 0, stderr)
  })

  await t.test('the command line of dev containers: an image with a feature, built, started and entered', async t => {
    if (spawnSync('docker', ['--version']).status !== 0) return t.skip('needs a docker client')
    await machine.ok(['image', 'load', '-q', ...imageArchives('debian')])
    const install =
      '#!/bin/sh\nprintf "#!/bin/sh\\necho $WORD\\n" > /usr/local/bin/word\nchmod +x /usr/local/bin/word\n'
    const cwd = await machine.project('work', {
      '.devcontainer/devcontainer.json': JSON.stringify({
        image: 'debian',
        features: { './word': { word: 'featured' } },
        remoteEnv: { PLACE: 'here' },
        postCreateCommand: 'echo created > /tmp/created',
      }),
      '.devcontainer/word/devcontainer-feature.json': JSON.stringify({
        ...{ id: 'word', version: '1.0.0', name: 'word' },
        options: { word: { type: 'string', default: '' } },
      }),
      '.devcontainer/word/install.sh': install,
    })
    const devcontainer = (command: string, ...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(modules, '.bin/devcontainer'), command, '--workspace-folder', cwd, ...args],
        { env, encoding: 'utf8', timeout: 120_000 },
      )
      assert.equal(status, 0, `${stderr}${stdout}`)
      return stdout
    }
    assert.equal(JSON.parse(devcontainer('up')).outcome, 'success')
    assert.equal(devcontainer('exec', 'sh', '-c', 'word; cat /tmp/created; echo $PLACE'), 'featured\ncreated\nhere\n')
  })
})
