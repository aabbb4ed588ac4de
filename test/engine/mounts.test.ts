import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byDepth } from '../../src/engine/translate/mount-request.ts'
import { parseBind, parseMounts } from '../../src/engine/translate/mounts.ts'
import { parseMount } from '../../src/engine/translate/parse-mount.ts'

const code = 'ENGINE_REQUEST_INVALID'

test('a bind of a path is a bind mount whose source is made when missing', () =>
  assert.deepEqual(parseBind('/srv/x/:/data:ro,rslave'), {
    type: 'bind',
    source: '/srv/x',
    destination: '/data',
    readonly: true,
    propagation: 'rslave',
    recursive: true,
    createSource: true,
    mode: 'ro,rslave',
  }))

test('a bind of a name is a volume, and nocopy leaves it empty', () => {
  const volume = parseBind('db:/var/lib/db')
  assert.ok(volume.type === 'volume' && volume.name === 'db' && volume.seed)
  const empty = parseBind('db:/var/lib/db:nocopy')
  assert.ok(empty.type === 'volume' && !empty.seed)
})

test('a bind of a destination only is a volume of its own', () => {
  const mount = parseBind('/data')
  assert.ok(mount.type === 'volume' && mount.name === undefined && mount.destination === '/data')
})

for (const [text, message] of [
  [':/data', "invalid volume specification: ':/data'"],
  ['/data:ro', "invalid volume specification: '/data:ro'"],
  ['a:/b:c:d', "invalid volume specification: 'a:/b:c:d'"],
  ['a:/b:rw,ro', 'invalid mode: rw,ro'],
  ['a:/b:fast', 'invalid mode: fast'],
  ['a:b', "invalid mount path: 'b' mount path must be absolute"],
  ['a:/', "invalid specification: destination can't be '/'"],
] as const)
  test(`"${text}" is refused`, () => assert.throws(() => parseBind(text), { code, message }))

test('a mount of type bind needs a source that exists, unless it says otherwise', () => {
  const mount = parseMount({ Type: 'bind', Source: '/srv', Target: '/x' })
  assert.ok(mount.type === 'bind' && !mount.createSource && mount.propagation === 'rprivate')
  const made = parseMount({ Type: 'bind', Source: '/srv', Target: '/x', BindOptions: { CreateMountpoint: true } })
  assert.ok(made.type === 'bind' && made.createSource)
  assert.throws(() => parseMount({ Type: 'bind', Target: '/x' }), {
    message: 'invalid mount config for type "bind": field Source must not be empty',
  })
})

test('a subpath must not lead out of its volume', () => {
  const mount = (Subpath: string) =>
    parseMount({ Type: 'volume', Source: 'v', Target: '/x', VolumeOptions: { Subpath } })
  assert.ok(mount('a/b').type === 'volume')
  for (const path of ['/etc', '../other', 'a/../../b']) assert.throws(() => mount(path), { code }, path)
})

test('options of a tmpfs go on top of what Docker always sets', () => {
  const mount = parseMount({ Type: 'tmpfs', Target: '/x', TmpfsOptions: { SizeBytes: 4096, Mode: 0o1777 } })
  assert.deepEqual(mount.type === 'tmpfs' && mount.options, ['noexec', 'nosuid', 'nodev', 'mode=1777', 'size=4096'])
})

test('a type that we do not have is refused by name', () =>
  assert.throws(() => parseMount({ Type: 'cluster', Target: '/x' }), {
    code: 'ENGINE_NOT_SUPPORTED',
    message: 'not supported yet: mount type "cluster"',
  }))

test('paths that the image declares get volumes, unless something is mounted there', () => {
  const mounts = parseMounts({ Binds: ['/srv:/data'], Tmpfs: { '/run': 'size=1m,ro' } }, { '/data/': {}, '/cache': {} })
  assert.deepEqual(
    mounts.map(({ type, destination, readonly }) => [type, destination, readonly]),
    [
      ['bind', '/data', false],
      ['tmpfs', '/run', true],
      ['volume', '/cache', false],
    ],
  )
})

test('two mounts on one path are an error', () =>
  assert.throws(() => parseMounts({ Binds: ['a:/x', 'b:/x/'] }, {}), { code, message: 'Duplicate mount point: /x' }))

test('own mounts replace those of other containers', () => {
  const mounts = parseMounts({ Binds: ['mine:/x'] }, {}, [parseBind('theirs:/x'), parseBind('theirs:/y')])
  assert.deepEqual(
    mounts.map(mount => mount.type === 'volume' && mount.name),
    ['mine', 'theirs'],
  )
})

test('outer mounts come before those within them', () =>
  assert.deepEqual(
    byDepth([{ destination: '/a/b/c' }, { destination: '/a' }, { destination: '/z' }]).map(mount => mount.destination),
    ['/a', '/z', '/a/b/c'],
  ))
