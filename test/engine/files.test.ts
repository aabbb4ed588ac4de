import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ContainerCreateRequest } from '../../src/engine/api.ts'
import type { LocalEngine } from '../../src/engine/local-engine.ts'
import { Bench, create, exitCode, output, run, skip } from './fixture.ts'

/** What a shell script in a container writes. */
async function script(engine: LocalEngine, bench: Bench, text: string, more: Partial<ContainerCreateRequest> = {}) {
  const id = await run(engine, bench, ['sh', '-c', `exec 2>&1; ${text}`], more)
  await exitCode(engine, id)
  return await output(engine, id)
}

test('a named volume is made on demand, filled from the image once, and outlasts its containers', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const HostConfig = { Binds: ['data:/seed'] }
  assert.equal(await script(engine, bench, 'cat /seed/file; echo changed > /seed/file', { HostConfig }), 'seeded\n')
  assert.equal(await script(engine, bench, 'cat /seed/file', { HostConfig }), 'changed\n')
  const volume = await engine.volumeInspect('data')
  assert.equal(readFileSync(join(volume.Mountpoint, 'file'), 'utf8'), 'changed\n')
  for (const { Id } of await engine.containerList({ all: true })) await engine.containerDelete(Id, { volumes: true })
  assert.deepEqual(
    (await engine.volumeList()).Volumes.map(({ Name }) => Name),
    ['data'],
  )
  assert.equal(readFileSync(join(bench.rootfs, 'seed/file'), 'utf8'), 'seeded\n')
})

test('two containers that want one volume at once get it filled once', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const HostConfig = { Binds: ['data:/seed'] }
  const ids = await Promise.all([1, 2, 3].map(() => create(engine, bench, ['cat', '/seed/file'], { HostConfig })))
  for (const id of ids) {
    await engine.containerStart(id)
    assert.equal(await exitCode(engine, id), 0)
  }
})

test('a volume that a container sees already is filled where it is', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const wait = ['sh', '-c', 'while ! test -s /empty/file; do sleep 0.02; done; cat /empty/file']
  const first = await run(engine, bench, wait, { HostConfig: { Binds: ['data:/empty'] } })
  await create(engine, bench, ['true'], { HostConfig: { Binds: ['data:/seed'] } })
  assert.equal(await exitCode(engine, first), 0)
  assert.equal(await output(engine, first), 'seeded\n')
})

test('a volume of the image goes with its container, if that is asked for', { skip }, async () => {
  await using bench = await Bench.make()
  bench.layers.configs.set('with-volume', { Volumes: { '/seed': {} } })
  await using engine = await bench.open()
  const Image = 'with-volume'
  const id = await create(engine, bench, ['true'], { Image })
  const [mount] = (await engine.containerInspect(id)).Mounts
  assert.match(mount?.Name ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual(readdirSync(mount?.Source ?? ''), ['file'])
  await assert.rejects(engine.volumeDelete(mount?.Name ?? ''), {
    code: 'ENGINE_VOLUME_IN_USE',
    message: `remove ${mount?.Name}: volume is in use - [${id}]`,
  })
  await engine.containerDelete(id, { volumes: true })
  assert.deepEqual((await engine.volumeList()).Volumes, [])
  assert.deepEqual(readdirSync(join(bench.dataDir, 'volumes')), [])
})

test('a container that cannot be made leaves no volume behind', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const request = { Image: bench.image, Cmd: ['true'], HostConfig: { Binds: ['/anonymous', 'bad name:/x'] } }
  await assert.rejects(engine.containerCreate('some', request), { code: 'ENGINE_REQUEST_INVALID' })
  assert.deepEqual((await engine.volumeList()).Volumes, [])
  assert.deepEqual(readdirSync(join(bench.dataDir, 'containers')), [])
  await engine.containerCreate('some', { Image: bench.image, Cmd: ['true'] })
})

test('bind mounts: directories, files, read-only, made when missing, or refused', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const host = join(bench.root, 'host')
  mkdirSync(host)
  writeFileSync(join(host, 'note'), 'hello\n')
  const HostConfig = { Binds: [`${host}:/rw`, `${host}/note:/etc/note:ro`, `${host}/new/one:/made`] }
  assert.equal(
    await script(engine, bench, 'cat /etc/note; touch /etc/note || echo readonly; touch /rw/x /made/y', { HostConfig }),
    'hello\ntouch: /etc/note: Read-only file system\nreadonly\n',
  )
  assert.ok(existsSync(join(host, 'x')) && existsSync(join(host, 'new/one/y')))
  const Mounts = [{ Type: 'bind' as const, Source: `${host}/nowhere`, Target: '/x' }]
  await assert.rejects(create(engine, bench, ['true'], { HostConfig: { Mounts } }), {
    code: 'ENGINE_REQUEST_INVALID',
    message: `invalid mount config for type "bind": bind source path does not exist: ${host}/nowhere`,
  })
})

test('tmpfs and shared memory have the size that they are given', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const HostConfig = { Tmpfs: { '/scratch': 'size=1m' }, ShmSize: 2 ** 20 }
  const text = await script(engine, bench, 'cat /proc/mounts', { HostConfig })
  assert.match(text, /tmpfs \/scratch tmpfs rw,nosuid,nodev,noexec[^\n]*size=1024k/)
  assert.match(text, /\/dev\/shm tmpfs [^\n]*size=1024k/)
})

test('a read-only root takes writes only on its volumes', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const HostConfig = { ReadonlyRootfs: true, Binds: ['data:/data'], Tmpfs: { '/tmp': '' } }
  const text = await script(engine, bench, 'touch /x || echo no; touch /data/x /tmp/x && echo yes', { HostConfig })
  assert.equal(text, 'touch: /x: Read-only file system\nno\nyes\n')
})

test('the files of /etc tell a container its name and its hosts', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const HostConfig = { NetworkMode: 'bridge', ExtraHosts: ['db:10.9.8.7', 'outside:host-gateway'] }
  const text = await script(engine, bench, 'cat /etc/hosts /etc/hostname /etc/resolv.conf; hostname', {
    Hostname: 'box',
    Domainname: 'lan',
    HostConfig,
  })
  assert.match(text, /^10\.9\.8\.7\tdb$/m)
  assert.match(text, /^10\.99\.0\.1\toutside$/m)
  assert.match(text, /^10\.99\.0\.\d\tbox\.lan box\nbox\nnameserver 127\.0\.0\.11\nbox\n/m)
})

test("on the machine's own root, the engine's directories are hidden", { skip }, async () => {
  await using bench = await Bench.make()
  bench.layers.configs.set('rootfs:/', {})
  // The images of this test stand for the directory `rootfs`; the data root lies in it here.
  const data = join(bench.rootfs, 'var')
  mkdirSync(data)
  await using inner = await Bench.make()
  Object.assign(inner, { dataDir: data })
  const layers = bench.layers
  Object.assign(inner, { layers, rootfs: bench.rootfs })
  await using engine = await inner.open()
  const text = await script(engine, bench, 'ls -A /var; touch /var/x', { Image: bench.image })
  assert.equal(text, 'touch: /var/x: Read-only file system\n')
  assert.ok(statSync(join(data, 'containers')).isDirectory())
})

test('volumes: options, names, labels, filters', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const device = join(bench.root, 'elsewhere')
  mkdirSync(device)
  const DriverOpts = { type: 'none', o: 'bind', device }
  await engine.volumeCreate({ Name: 'here', DriverOpts, Labels: { tier: 'db' } })
  await engine.volumeCreate({ Name: 'here' })
  await assert.rejects(engine.volumeCreate({ Name: 'here', DriverOpts: { ...DriverOpts, device: '/other' } }), {
    code: 'ENGINE_VOLUME_EXISTS',
  })
  await assert.rejects(engine.volumeCreate({ Name: 'xx', Driver: 'nfs' }), { code: 'ENGINE_NOT_SUPPORTED' })
  await assert.rejects(engine.volumeCreate({ Name: '../up' }), { code: 'ENGINE_REQUEST_INVALID' })
  await assert.rejects(engine.volumeInspect('nope'), {
    code: 'ENGINE_VOLUME_NOT_FOUND',
    message: 'get nope: no such volume',
  })
  await script(engine, bench, 'true', { HostConfig: { Binds: ['here:/seed'] } })
  assert.deepEqual(readdirSync(device), ['file'])
  const { Name } = await engine.volumeCreate({})
  const names = async (filters: Record<string, string[]>) =>
    (await engine.volumeList({ filters })).Volumes.map(volume => volume.Name)
  assert.deepEqual(await names({ label: ['tier=db'] }), ['here'])
  assert.deepEqual(await names({ dangling: ['true'] }), [Name])
  assert.deepEqual(await names({ name: ['^he'] }), ['here'])
})

test('volumes from another container', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const donor = await create(engine, bench, ['true'], { HostConfig: { Binds: ['data:/seed'] } })
  const text = await script(engine, bench, 'cat /seed/file; touch /seed/x || echo no', {
    HostConfig: { VolumesFrom: [`${donor}:ro`] },
  })
  assert.equal(text, 'seeded\ntouch: /seed/x: Read-only file system\nno\n')
})
