import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { seedVolume } from '../../src/runtime/seed-volume.ts'
import { linux } from '../../src/sys/kernel.ts'
import { Bench, skip } from './container-bench.ts'

suite('filling a volume from an image', { skip }, () => {
  let bench: Bench
  before(async () => {
    bench = await Bench.make()
  })
  after(() => bench[Symbol.asyncDispose]())

  const rootOf = (...lowerdirs: string[]) => ({ ...bench.spec('').root, lowerdirs })

  test('brings files of all layers with owner, mode, links and attributes', async () => {
    const [top, base, volume] = ['top', 'base', 'volume'].map(name => bench.directory(`full-${name}`)) as [
      string,
      string,
      string,
    ]
    mkdirSync(join(base, 'data/sub'), { recursive: true })
    writeFileSync(join(base, 'data/sub/file'), 'content', { mode: 0o640 })
    writeFileSync(join(base, 'data/hidden'), '')
    mkdirSync(join(top, 'data'))
    chownSync(join(top, 'data'), 33, 44)
    chmodSync(join(top, 'data'), 0o2750)
    writeFileSync(join(top, 'data/a'), '')
    linkSync(join(top, 'data/a'), join(top, 'data/b'))
    symlinkSync('/etc/passwd', join(top, 'data/link'))
    linux.lsetxattr(join(top, 'data/a'), 'user.note', Buffer.from('kept'), 4, 0)
    linux.mknodat(-100, join(top, 'data/hidden'), 0o020000, 0)

    await seedVolume(rootOf(top, base), '/data', volume)

    const { uid, gid, mode } = statSync(volume)
    assert.deepEqual([uid, gid, mode & 0o7777], [33, 44, 0o2750])
    assert.deepEqual(readdirSync(volume).sort(), ['a', 'b', 'link', 'sub'])
    assert.equal(readFileSync(join(volume, 'sub/file'), 'utf8'), 'content')
    assert.equal(statSync(join(volume, 'sub/file')).mode & 0o777, 0o640)
    assert.equal(statSync(join(volume, 'a')).ino, statSync(join(volume, 'b')).ino)
    const value = Buffer.alloc(8)
    assert.equal(linux.lgetxattr(join(volume, 'a'), 'user.note', value, value.length), 4)
    assert.deepEqual(
      readdirSync(bench.base).filter(name => name.endsWith('.seeding')),
      [],
    )
  })

  test('leaves a volume alone that holds something', async () => {
    const [layer, volume] = [bench.directory('kept-layer/data'), bench.directory('kept-volume')]
    writeFileSync(join(layer, 'new'), '')
    writeFileSync(join(volume, 'old'), '')
    await seedVolume(rootOf(join(layer, '..')), '/data', volume)
    assert.deepEqual(readdirSync(volume), ['old'])
  })

  test('does nothing where the image has no such directory', async () => {
    const volume = bench.directory('none-volume')
    await seedVolume(rootOf(bench.rootfs), '/no/such', volume)
    await seedVolume(rootOf(bench.rootfs), '/bin/busybox', volume)
    assert.deepEqual(readdirSync(volume), [])
  })

  test('takes owner and mode over from an empty directory', async () => {
    const [layer, volume] = [bench.directory('empty-layer'), bench.directory('empty-volume')]
    mkdirSync(join(layer, 'spool'), { mode: 0o700 })
    chownSync(join(layer, 'spool'), 5, 6)
    await seedVolume(rootOf(layer), '/spool', volume)
    const { uid, gid, mode } = statSync(volume)
    assert.deepEqual([uid, gid, mode & 0o7777], [5, 6, 0o700])
  })

  test('follows no link out of the image', async () => {
    const [outside, layer, volume] = [
      bench.directory('out'),
      bench.directory('link-layer'),
      bench.directory('link-volume'),
    ]
    writeFileSync(join(outside, 'secret'), '')
    symlinkSync(`../../../../..${outside}`, join(layer, 'data'))
    await seedVolume(rootOf(layer), '/data', volume)
    assert.deepEqual(readdirSync(volume), [])
  })

  test('a copy that fails leaves the volume empty, and says what cp said', async () => {
    const [layer, volume] = [bench.directory('big-layer/data'), bench.directory('small')]
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', volume])
    try {
      writeFileSync(join(layer, 'big'), Buffer.alloc(1 << 20))
      const inner = join(volume, 'v')
      mkdirSync(inner)
      await assert.rejects(seedVolume(rootOf(join(layer, '..')), '/data', inner), {
        code: 'RUNTIME_SEED_FAILED',
        message: /No space left on device/,
      })
      assert.deepEqual([readdirSync(inner), readdirSync(volume)], [[], ['v']])
    } finally {
      execFileSync('umount', [volume])
    }
  })
})
