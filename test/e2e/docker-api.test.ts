import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { imageArchives, type Machine, newMachine, skip } from './machine.ts'

/** Docker's clients that are here: what they speak depends on their version. */
const clients = ['/usr/bin/docker', '/usr/local/bin/docker'].flatMap(path => {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  const major = /Docker version (\d+)\./.exec(stdout ?? '')?.[1]
  return major ? [{ path, major: Number(major) }] : []
})
const newer = clients.find(({ major }) => major >= 28)
const older = clients.find(({ major }) => major < 23)

function clientOf({ env, socket }: Machine, path: string) {
  const run = (...args: string[]) =>
    spawnSync(path, args, { env: { ...env, DOCKER_HOST: `unix://${socket}` }, encoding: 'utf8' })
  const ok = (...args: string[]) => {
    const { status, stdout, stderr } = run(...args)
    assert.equal(status, 0, `docker ${args.join(' ')}: ${stderr}`)
    return stdout.trimEnd()
  }
  return { run, ok }
}

test('docker 28 uses what came with 1.48 and later: platforms, images as mounts, priorities of gateways', {
  skip: skip || (!newer && 'needs a docker client of version 28'),
}, async t => {
  const machine = await newMachine(t)
  const { run, ok } = clientOf(machine, newer?.path ?? '')
  await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
  const cwd = await machine.project('two', { Dockerfile: 'FROM scratch\nCOPY file /\n', file: 'content\n' })
  await machine.ok(['image', 'build', '-q', '--platform', 'linux/amd64,linux/arm64', '-t', 'two', '.'], { cwd })
  const architecture = (...flags: string[]) => ok('image', 'inspect', '-f', '{{.Architecture}}', ...flags, 'two')

  assert.equal(architecture('--platform', 'linux/arm64'), 'arm64')
  assert.match(run('image', 'inspect', '--platform', 'linux/s390x', 'two').stderr, /does not provide the specified/)
  const descriptor = (...flags: string[]) =>
    JSON.parse(ok('image', 'inspect', '-f', '{{json .Descriptor}}', ...flags, 'two'))
  assert.match(descriptor().mediaType, /index/)
  assert.equal(descriptor('--platform', 'linux/arm64').platform.architecture, 'arm64')
  assert.match(ok('history', '--platform', 'linux/arm64', 'two'), /COPY file/)

  const archive = `${machine.dir}/arm.tar`
  ok('save', '--platform', 'linux/arm64', '-o', archive, 'two')
  ok('rmi', '--platform', 'linux/arm64', 'two')
  assert.notEqual(run('image', 'inspect', '--platform', 'linux/arm64', 'two').status, 0)
  ok('rmi', 'two')
  assert.notEqual(run('load', '--platform', 'linux/amd64', '-i', archive).status, 0)
  ok('load', '--platform', 'linux/arm64', '-i', archive)
  assert.equal(architecture(), 'arm64')

  const mount = 'type=image,source=two,target=/two'
  assert.equal(ok('run', '--name', 'box', '--mount', mount, 'busybox', 'cat', '/two/file'), 'content')
  const manifest = JSON.parse(ok('inspect', '-f', '{{json .ImageManifestDescriptor}}', 'box'))
  assert.match(manifest.digest, /^sha256:/)
  assert.match(ok('ps', '-a', '--format', '{{.Names}} {{.Platform}}'), /^box linux\/amd64$/)
  ok('rm', 'box')

  machine.defer(() => run('network', 'rm', 'api-low', 'api-high'))
  for (const [name, third] of [
    ['api-low', 1],
    ['api-high', 2],
  ])
    ok('network', 'create', '--subnet', `10.119.${third}.0/24`, `${name}`)
  const networks = ['--network', 'api-low', '--network', 'name=api-high,gw-priority=5']
  assert.match(ok('run', '--rm', ...networks, 'busybox', 'ip', 'route'), /^default via 10\.119\.2\.1 /m)
})

test('docker 20.10 gets the shapes of its version', {
  skip: skip || (!older && "needs Debian's docker client"),
}, async t => {
  const machine = await newMachine(t)
  const { ok } = clientOf(machine, older?.path ?? '')
  await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
  assert.equal(
    ok('image', 'inspect', '-f', '{{.VirtualSize}} {{.ContainerConfig.Tty}}', 'busybox').split(' ')[1],
    'false',
  )
  machine.defer(() => machine.run(['network', 'rm', 'api-old']))
  ok('network', 'create', 'api-old')
  const id = ok('create', '--name', 'box', '--network', 'api-old', '--network-alias', 'web', 'busybox')
  const aliases = JSON.parse(ok('inspect', '-f', '{{json .NetworkSettings.Networks}}', 'box'))['api-old'].Aliases
  assert.deepEqual(aliases, ['web', id.slice(0, 12)])
  ok('rm', 'box')
})
