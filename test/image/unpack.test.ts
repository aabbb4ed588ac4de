import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { linux } from '../../src/sys/kernel.ts'
import { temporaryDirectory } from '../temporary.ts'
import { directory, file, hardLink, type Item, openEnded, symlink, tar } from './tar-builder.ts'
import { attribute, sha256, skip, treeOf, unpack, unpacker, wholeFile } from './unpack-fixture.ts'

const attributes = ['security.capability', 'user.note', 'trusted.note']

/** A tree with one of everything, archived by tar(1). */
const everything = `
umask 022
mkdir -p tree/dir/empty tree/sticky tree/setgid; cd tree
chmod 1777 sticky; chown 0:1234 setgid; chmod 2775 setgid; echo in > setgid/file; chgrp 0 setgid/file; mkdir setgid/sub; chgrp 0 setgid/sub; chmod 755 setgid/sub
echo hello > dir/file; ln dir/file dir/hard; ln -s file dir/soft; ln -s /nowhere/at/all dangling; ln -s ../../.. up
: > empty; head -c 3000000 /dev/urandom > big; chown 1000:1001 big; chmod 640 big
cp /bin/true suid; chown 33:33 suid; chmod 6755 suid
cp /bin/true caps
mknod null c 1 3; mknod disk b 259 300; mkfifo pipe; chmod 622 pipe; chown 5:6 pipe
truncate -s 8M sparse; echo middle | dd of=sparse bs=1 seek=4000000 conv=notrunc status=none
touch 'with space' $'new\\nline' 'quote"s' 'back\\slash' 'ünï' $'caf\\xe9' -- -dash
mkdir -p "$(printf 'long-directory-name/%.0s' {1..14})"; echo deep > "$(printf 'long-directory-name/%.0s' {1..14})$(printf 'n%.0s' {1..250})"
touch $'raw\\xff-'"$(printf 'n%.0s' {1..150})"; ln -s $'t\\xe9' rawlink; touch wide; chown 3000000:4000000000 wide
ln -s "$(printf 'target/%.0s' {1..40})" longlink; chown -h 7:8 longlink
touch -d '2001-02-03 04:05:06.123456789' precise; touch -hd '1999-12-31 23:59:59.5' longlink; touch -d '1965-01-01' old; touch -d '2000-01-01' dir/empty dir
`

/** CAP_NET_BIND_SERVICE in the permitted and effective sets, in the form of linux/capability.h. */
const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex')
const setAttribute = (path: string, name: string, value: Buffer) => linux.lsetxattr(path, name, value, value.length, 0)

for (const options of [
  '--format=gnu',
  '--format=gnu -S',
  '--format=posix --xattrs --xattrs-include=*',
  '--format=posix -S --sparse-version=0.0',
  '--format=posix -S --sparse-version=0.1',
  '--format=posix -S --sparse-version=1.0',
])
  test(`a tree of everything comes out as GNU tar unpacks it: ${options}`, { skip }, async t => {
    const work = temporaryDirectory('image', t)
    execFileSync('bash', ['-ec', `cd "$1"\n${everything}`, '-', work])
    setAttribute(join(work, 'tree/caps'), 'security.capability', capability)
    setAttribute(join(work, 'tree/big'), 'user.note', Buffer.from('a\0b\n'))
    setAttribute(join(work, 'tree/dir'), 'trusted.note', Buffer.from('x'))
    execFileSync('bash', ['-ec', `cd "$1"; tar ${options} -cf all.tar -C tree .`, '-', work])
    execFileSync('bash', [
      '-ec',
      'cd "$1"; mkdir expected; tar -xpf all.tar -C expected --xattrs --xattrs-include=* --numeric-owner',
      '-',
      work,
    ])
    const { directory } = await unpack(t, readFileSync(join(work, 'all.tar')))
    assert.deepEqual(treeOf(directory, attributes), treeOf(join(work, 'expected'), attributes))
    if (options.includes('-S')) assert.ok(statSync(join(directory, 'sparse')).blocks < 100, 'holes stay holes')
    if (options.includes('xattrs')) assert.ok(attribute(join(directory, 'caps'), 'security.capability'))
  })

for (const [name, compress] of [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const)
  test(`a layer compressed with ${name}`, { skip }, async t => {
    const layer = tar(file('a', 'x'.repeat(100_000)))
    const { directory, written } = await unpack(t, layer, compress(layer))
    assert.equal(readFileSync(join(directory, 'a'), 'utf8'), 'x'.repeat(100_000))
    assert.deepEqual(written, { size: 100_000, entries: 1, diffId: sha256(layer) })
  })

test('directories that the archive leaves out are made', { skip }, async t => {
  const { directory } = await unpack(
    t,
    tar(file('a/b/c/file', 'x'), symlink('d/e/link', 'x'), { name: 'f/g/fifo', type: '6' }),
  )
  assert.equal(lstatSync(join(directory, 'a/b/c')).mode & 0o7777, 0o755)
  assert.ok(lstatSync(join(directory, 'f/g/fifo')).isFIFO())
})

test('a later entry takes the place of an earlier one', { skip }, async t => {
  const { directory: layer } = await unpack(
    t,
    tar(
      file('a', 'old'),
      file('a', 'new'),
      directory('d'),
      file('d/x'),
      file('d', 'now a file'),
      file('e'),
      directory('e', 0o700),
      directory('f', 0o700),
      file('f/kept'),
      directory('f', 0o711),
      symlink('g', 'f'),
      directory('g'),
      file('g/own'),
    ),
  )
  assert.equal(readFileSync(join(layer, 'a'), 'utf8'), 'new')
  assert.equal(readFileSync(join(layer, 'd'), 'utf8'), 'now a file')
  assert.equal(lstatSync(join(layer, 'e')).mode & 0o777, 0o700)
  assert.equal(lstatSync(join(layer, 'f')).mode & 0o777, 0o711)
  assert.deepEqual(readdirSync(join(layer, 'f')), ['kept'])
  assert.ok(lstatSync(join(layer, 'g')).isDirectory())
})

test('the entry for the root gives the layer its own mode, owner and time', { skip }, async t => {
  const { directory: layer } = await unpack(
    t,
    tar({ ...directory('./', 0o750), uid: 12, gid: 13, mtime: 77 }, file('./a')),
  )
  const { mode, uid, gid, mtimeMs } = lstatSync(layer)
  assert.deepEqual([mode & 0o7777, uid, gid, mtimeMs], [0o750, 12, 13, 77_000])
})

const isWhiteout = (path: string) => lstatSync(path).isCharacterDevice() && lstatSync(path).rdev === 0
const isOpaque = (path: string) => attribute(path, 'trusted.overlay.opaque') === '79'

test('whiteouts become what overlayfs takes for them', { skip }, async t => {
  const { directory: layer } = await unpack(
    t,
    tar(
      file('.wh.gone'),
      file('new/.wh.gone'),
      directory('d'),
      file('d/.wh..wh..opq'),
      file('d/a', 'x'),
      file('e/.wh..wh..opq'),
      file('.wh..wh.plnk'),
    ),
  )
  assert.deepEqual(readdirSync(layer).sort(), ['d', 'e', 'gone', 'new'])
  assert.ok(isWhiteout(join(layer, 'gone')))
  assert.ok(isWhiteout(join(layer, 'new/gone')))
  assert.ok(isOpaque(join(layer, 'd')))
  assert.ok(isOpaque(join(layer, 'e')))
  assert.deepEqual(readdirSync(join(layer, 'd')), ['a'])
})

test('a whiteout is for the layers below, whatever its own layer puts in the place, before or after', {
  skip,
}, async t => {
  const { directory: layer } = await unpack(
    t,
    tar(
      file('a', 'mine'),
      file('.wh.a'),
      file('.wh.b'),
      file('b', 'mine'),
      directory('c'),
      file('c/x'),
      file('.wh.c'),
      file('.wh.d'),
      directory('d'),
      file('d/x'),
    ),
  )
  assert.equal(readFileSync(join(layer, 'a'), 'utf8'), 'mine')
  assert.equal(readFileSync(join(layer, 'b'), 'utf8'), 'mine')
  for (const name of ['c', 'd']) {
    assert.deepEqual(readdirSync(join(layer, name)), ['x'])
    assert.ok(isOpaque(join(layer, name)), `${name} hides what is below`)
  }
})

test('overlayfs shows two layers as they were meant', { skip }, async t => {
  const lower = await unpack(
    t,
    tar(
      file('removed', 'x'),
      directory('d'),
      file('d/old'),
      directory('e'),
      file('e/old'),
      file('kept', 'x'),
      directory('f'),
      file('f/old'),
    ),
  )
  const upper = await unpack(
    t,
    tar(
      file('.wh.removed'),
      directory('d'),
      file('d/.wh..wh..opq'),
      file('d/new'),
      directory('e'),
      file('e/new'),
      file('.wh.f'),
      directory('f'),
      file('f/new'),
    ),
  )
  const mount = temporaryDirectory('image', t)
  const script = 'mount -t overlay -o "lowerdir=$1:$2" overlay "$3"; cd "$3"; find . -mindepth 1 | sort'
  const shown = execFileSync('unshare', ['-m', 'sh', '-ec', script, '-', upper.directory, lower.directory, mount], {
    encoding: 'utf8',
  })
  assert.deepEqual(shown.trim().split('\n'), [
    './d',
    './d/new',
    './e',
    './e/new',
    './e/old',
    './f',
    './f/new',
    './kept',
  ])
})

test('attributes that would tell overlayfs to look elsewhere are left out', { skip }, async t => {
  const { directory: layer } = await unpack(
    t,
    tar({
      ...directory('d'),
      pax: {
        'SCHILY.xattr.trusted.overlay.redirect': '/etc',
        'SCHILY.xattr.trusted.overlay.opaque': 'y',
        'SCHILY.xattr.user.mine': 'x',
      },
    }),
  )
  assert.equal(attribute(join(layer, 'd'), 'trusted.overlay.redirect'), undefined)
  assert.equal(attribute(join(layer, 'd'), 'trusted.overlay.opaque'), undefined)
})

/** Archives that try to write beside the directory they are unpacked into: each leaves `outside` as it was. */
const attacks: [string, (outside: string) => Item[]][] = [
  ['an absolute name', outside => [file(`${outside}/victim`, 'overwritten')]],
  ['a symlink to an absolute path', outside => [symlink('out', outside), file('out/victim', 'overwritten')]],
  ['a symlink upwards', () => [symlink('out', '..'), file('out/victim', 'overwritten')]],
  [
    'a chain of symlinks',
    () => [symlink('a', '..'), symlink('b', 'a/..'), symlink('c', 'b/a'), file('c/victim', 'overwritten')],
  ],
  ['a symlink under the name of the file', () => [symlink('victim', '../victim'), file('victim', 'overwritten')]],
  [
    'a symlink swapped for a directory',
    () => [directory('d'), file('d/x'), symlink('d', '..'), file('d/victim', 'overwritten')],
  ],
  ['a hard link out of the layer', outside => [hardLink('mine', `${outside}/victim`), file('mine', 'overwritten')]],
  [
    'a hard link through a symlink',
    () => [symlink('out', '..'), hardLink('mine', 'out/victim'), file('mine', 'overwritten')],
  ],
  ['a hard link to a symlink', () => [symlink('s', '../victim'), hardLink('h', 's'), file('h', 'overwritten')]],
  ['a whiteout through a symlink', () => [symlink('out', '..'), file('out/.wh.victim')]],
  ['an opaque mark through a symlink', () => [symlink('out', '..'), file('out/.wh..wh..opq')]],
  ['a mode through a symlink', () => [symlink('out', '..'), directory('out', 0o777), directory('out/.', 0o777)]],
  ['a device through a symlink', () => [symlink('out', '..'), { name: 'out/victim', type: '3', device: [1, 3] }]],
  ['a name upwards', () => [file('../victim', 'overwritten')]],
  ['a name upwards behind a symlink', () => [symlink('a', 'b/c/d'), file('a/../../victim', 'overwritten')]],
  ['a long name upwards', () => [{ ...file('x', 'overwritten'), pax: { path: '../victim' } }]],
  ['a hard link upwards', () => [hardLink('mine', '../victim'), file('mine', 'overwritten')]],
]
for (const [what, items] of attacks)
  test(`nothing outside is touched by ${what}`, { skip }, async t => {
    const outside = temporaryDirectory('image', t)
    const target = join(outside, 'layer')
    await mkdir(target, { mode: 0o700 })
    execFileSync('sh', ['-c', 'cd "$1" && echo safe > victim && chmod 600 victim', '-', outside])
    const before = attackable(outside)
    const layer = tar(...items(outside))
    const blobs = temporaryDirectory('image', t)
    execFileSync('tee', [join(blobs, 'blob')], { input: layer, stdio: ['pipe', 'ignore', 'inherit'] })
    const job = {
      blob: wholeFile(join(blobs, 'blob'), layer.length),
      directory: target,
      diffId: sha256(layer),
      onProgress() {},
    }
    await unpacker
      .unpack(job, new AbortController().signal)
      .catch(error => assert.match(error.code, /^IMAGE_(LAYER_INVALID|UNPACK_FAILED)$/))
    assert.deepEqual(attackable(outside), before)
    assert.equal(attribute(outside, 'trusted.overlay.opaque'), undefined)
  })
const attackable = (outside: string) => {
  const { '': _, ...tree } = treeOf(outside)
  const { mode } = lstatSync(outside)
  return { mode, victim: tree['/victim'], names: readdirSync(outside) }
}

/** What is wrong, the archive, the code and a part of the message. */
const refused: [string, Buffer, string, RegExp][] = [
  [
    'a hard link to nothing',
    tar(hardLink('a', 'b')),
    'IMAGE_LAYER_INVALID',
    /hard link to "b", which is not in the layer/,
  ],
  ['a name upwards', tar(file('../a')), 'IMAGE_LAYER_INVALID', /"\.\.\/a" is outside of the layer/],
  ['a file as the root', tar(file('.')), 'IMAGE_LAYER_INVALID', /the root of the layer is a file/],
  ['a truncated archive', openEnded(file('a', 'x'.repeat(5000))).subarray(0, 2000), 'IMAGE_LAYER_INVALID', /truncated/],
  ['no archive', Buffer.from('nothing of the kind'.repeat(50)), 'IMAGE_LAYER_INVALID', /no tar archive/],
  ['a file in a file', tar(file('a'), file('a/b')), 'IMAGE_UNPACK_FAILED', /cannot unpack "a\/b": ENOTDIR/],
  [
    'a loop of symlinks',
    tar(symlink('a', 'b'), symlink('b', 'a'), file('a/x')),
    'IMAGE_UNPACK_FAILED',
    /cannot unpack "a\/x": ELOOP/,
  ],
]
for (const [what, layer, code, message] of refused)
  test(`refused: ${what}`, { skip }, t => assert.rejects(unpack(t, layer), { code, message }))

test('refused: compressed data cut off', { skip }, async t => {
  const layer = tar(file('a', 'x'.repeat(5000)))
  const compressed = gzipSync(layer)
  await assert.rejects(unpack(t, layer, compressed.subarray(0, compressed.length - 12)), {
    code: 'IMAGE_LAYER_INVALID',
  })
})

test('refused: another layer than was announced', { skip }, t =>
  assert.rejects(unpack(t, tar(file('a', 'good')), gzipSync(tar(file('a', 'evil')))), {
    code: 'IMAGE_DIGEST_MISMATCH',
  }),
)

test('refused: a bomb, before it is through', { skip }, async t => {
  const layer = tar(file('a')) // and behind it zeros without end, that cost nothing to send
  const frames = Array<Buffer>(40).fill(zstdCompressSync(Buffer.alloc(100 * 2 ** 20)))
  const bomb = Buffer.concat([zstdCompressSync(layer), ...frames])
  await assert.rejects(unpack(t, layer, bomb), { code: 'IMAGE_LAYER_TOO_LARGE' })
})

test('what a hostile layer holds is removed without following it', { skip }, async t => {
  const { directory: layer, outside } = await unpack(
    t,
    tar(symlink('out', '..'), directory('d'), symlink('d/root', '/'), { name: 'caf\xe9' }),
  )
  await unpacker.remove(layer)
  assert.ok(!existsSync(layer))
  assert.ok(existsSync(join(outside, 'blob')))
})

test('symlinks keep what they point to, as it is', { skip }, async (t: TestContext) => {
  const { directory: layer } = await unpack(t, tar(symlink('a', '/etc/../x//y/')))
  assert.equal(readlinkSync(join(layer, 'a')), '/etc/../x//y/')
})
