import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { type TarEntry, TarError } from '../../src/image/unpack/tar-entry.ts'
import { TarReader } from '../../src/image/unpack/tar-reader.ts'
import { directory, file, hardLink, openEnded, paxRecord, seal, symlink, tar } from './tar-builder.ts'

type Read = TarEntry & { content: string }

function read(archive: Buffer, chunkSize = archive.length || 1): Read[] {
  const reader = new TarReader()
  const entries: Read[] = []
  let open: Read | undefined
  for (let at = 0; at < archive.length; at += chunkSize) {
    const chunk = Buffer.from(archive.subarray(at, at + chunkSize))
    for (const event of reader.read(chunk)) {
      if (event.type === 'entry') open = { ...event.entry, content: '' }
      else if (!open) assert.fail(`${event.type} without an entry`)
      else if (event.type === 'data') open.content += event.chunk.toString('latin1')
      else {
        entries.push(open)
        open = undefined
      }
    }
    chunk.fill(0xee) // whoever kept a part of it will see
  }
  reader.finish()
  return entries
}
const names = (archive: Buffer) => read(archive).map(({ name }) => name)

test('entries come in order with their attributes', () => {
  const [made, one, link, hard] = read(
    tar(
      { ...directory('d/', 0o1777), mtime: 5 },
      { ...file('d/f', 'hello'), mode: 0o4755, uid: 12, gid: 34 },
      symlink('s', '../x'),
      hardLink('h', 'd/f'),
    ),
  )
  assert.partialDeepStrictEqual(made, { type: 'directory', name: 'd/', mode: 0o1777, mtime: 5, size: 0 })
  assert.partialDeepStrictEqual(one, { type: 'file', name: 'd/f', mode: 0o4755, uid: 12, gid: 34, content: 'hello' })
  assert.partialDeepStrictEqual(link, { type: 'symlink', linkname: '../x' })
  assert.partialDeepStrictEqual(hard, { type: 'link', linkname: 'd/f' })
})

test('chunks may be cut anywhere', () => {
  const archive = tar(
    file('a', 'x'.repeat(1000)),
    { ...file('short', 'y'.repeat(513)), pax: { path: 'long/'.repeat(100), mtime: '7.25' } },
    file('empty'),
    file('b', 'z'.repeat(512)),
  )
  const whole = read(archive)
  assert.equal(whole.length, 4)
  for (const size of [1, 7, 511, 512, 513, 1300]) assert.deepEqual(read(archive, size), whole)
})

test('an extended header counts for one entry, a global one for all that follow', () => {
  const records = Buffer.concat([paxRecord('mtime', '3'), paxRecord('uid', '70000')])
  const [a, b, c] = read(
    tar({ name: 'g', type: 'g', content: records }, { ...file('a'), pax: { path: 'other', uid: '5' } }, file('b'), {
      ...file('c'),
      pax: { mtime: '-1.5' },
    }),
  )
  assert.partialDeepStrictEqual(a, { name: 'other', uid: 5, mtime: 3 })
  assert.partialDeepStrictEqual(b, { name: 'b', uid: 70000, mtime: 3 })
  assert.partialDeepStrictEqual(c, { mtime: -2, mtimeNsec: 500_000_000 })
})

test('a size in an extended header is the one that counts', () => {
  const content = 'x'.repeat(700)
  assert.deepEqual(
    read(tar({ ...file('a', content), size: 0, pax: { size: '700' } }, file('b', 'b'))).map(
      ({ content }) => content.length,
    ),
    [700, 1],
  )
})

test('extended attributes are bytes', () => {
  const value = Buffer.from([1, 0, 0, 2, 0xff, 0x0a])
  const [entry] = read(tar({ ...file('a'), pax: { 'SCHILY.xattr.security.capability': value } }), 3)
  assert.deepEqual(entry?.xattrs?.get('security.capability'), value)
})

test('numbers may be in base 256', () => {
  const header = openEnded(file('a'))
  header.writeUInt32BE(0x80000000, 108)
  header.writeUInt32BE(3_000_000_000, 112)
  header.fill(0xff, 136, 148)
  seal(header.subarray(0, 512))
  assert.partialDeepStrictEqual(read(header)[0], { uid: 3_000_000_000, mtime: -1 })
})

test('an archive may end without its blocks of zeros, and nothing behind them is read', () => {
  assert.deepEqual(names(openEnded(file('a', 'x'))), ['a'])
  assert.deepEqual(names(Buffer.concat([tar(file('a')), Buffer.from('garbage'.repeat(200))])), ['a'])
  assert.deepEqual(names(Buffer.alloc(0)), [])
})

test('old archives mark a directory by a slash', () => {
  assert.equal(read(tar({ name: 'd/', type: '\0' }))[0]?.type, 'directory')
})

test('what GNU tar writes for long names and sparse files is understood in all its formats', () => {
  const long = `${'directory-with-a-long-name/'.repeat(9)}${'f'.repeat(200)}`
  for (const options of [
    '--format=gnu',
    '--format=posix',
    '--format=posix --sparse-version=0.0',
    '--format=posix --sparse-version=0.1',
  ]) {
    const archive = execFileSync(
      'bash',
      [
        '-ec',
        `dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; mkdir -p "$(dirname "$1")"; echo long > "$1"; ln -s "$1" link
         truncate -s 3M sparse; for i in {0..40}; do printf %05d $i | dd of=sparse bs=1 seek=$((i * 65536)) conv=notrunc status=none; done
         tar ${options} -S -cf - "$1" link sparse`,
        '-',
        long,
      ],
      { maxBuffer: 1 << 26 },
    )
    for (const size of [512, archive.length]) {
      const [first, link, sparse] = read(archive, size)
      assert.equal(first?.name, long, options)
      assert.equal(link?.linkname, long, options)
      assert.equal(sparse?.name, 'sparse', options)
      assert.equal(sparse?.sparse?.realSize, 3 << 20, options)
      let at = 0
      const whole = Buffer.alloc(3 << 20)
      for (const { offset, length } of sparse?.sparse?.segments ?? []) {
        whole.write(sparse?.content.slice(at, at + length) ?? '', offset, 'latin1')
        at += length
      }
      for (let i = 0; i <= 40; i++)
        assert.equal(whole.toString('latin1', i * 65536, i * 65536 + 5), String(i).padStart(5, '0'), options)
    }
  }
})

const sparse = (map: string, size: number, realSize = '100') => ({
  ...file('s', 'x'.repeat(size)),
  pax: { 'GNU.sparse.map': map, 'GNU.sparse.size': realSize },
})

const sparseInData = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '100' }
const globalHeader = (key: string, value: string) => {
  const record = ` ${key}=${value}\n`
  return { name: 'g', type: 'g', content: `${record.length + 5}${record}` }
}

/** Archives that are damaged or made to harm, with a part of what is said about them. */
const bad: [string, Buffer, RegExp][] = [
  ['no archive at all', Buffer.from('hello world'.repeat(100)), /checksum/],
  ['cut off in a header', openEnded(file('a')).subarray(0, 300), /truncated/],
  ['cut off in the data', openEnded(file('a', 'x'.repeat(1000))).subarray(0, 900), /truncated/],
  ['cut off in an extended header', openEnded({ ...file('a'), pax: { path: 'b' } }).subarray(0, 515), /truncated/],
  ['a part of several volumes', tar({ name: 'a', type: 'M' }), /unhandled tar header type "M"/],
  ['an extended header of gigabytes', openEnded({ name: 'x', type: 'x', size: 2 ** 31 }), /too great/],
  ['a long name of gigabytes', openEnded({ name: 'x', type: 'L', size: 2 ** 31 }), /too great/],
  ['an extended header whose length lies', tar({ name: 'x', type: 'x', content: '99 path=a\n' }), /damaged/],
  ['an extended header without an equals sign', tar({ name: 'x', type: 'x', content: '7 path\n' }), /damaged/],
  ['a size that is no number', tar({ ...file('a'), pax: { size: '1e3' } }), /not a number/],
  ['a name with a NUL', tar({ ...file('a'), pax: { path: 'a\0b' } }), /NUL/],
  ['a sparse map that overlaps', tar(sparse('0,10,5,10', 20)), /overlap/],
  ['a sparse map beyond its file', tar(sparse('0,10,200,10', 20)), /does not fit/],
  ['a sparse map with too much data', tar(sparse('0,10', 20)), /does not fit/],
  ['half a sparse map', tar(sparse('0,10,20', 20)), /damaged/],
  [
    'a sparse map of megabytes before the data',
    tar({ ...file('s', `9999999\n${'1\n'.repeat(2_500_000)}`), pax: sparseInData }),
    /damaged/,
  ],
  [
    'global headers without end',
    tar(...Array.from({ length: 8 }, (_, i) => globalHeader(`comment${i}`, 'x'.repeat(10_000)))),
    /global headers are too great/,
  ],
]
for (const [what, archive, message] of bad)
  test(`refused: ${what}`, () => {
    for (const size of [archive.length, 100])
      assert.throws(
        () => read(archive, size),
        (error: unknown) => error instanceof TarError && message.test(error.message),
      )
  })

test('an archive may end without the padding of its last file', () => {
  const reader = new TarReader()
  const events = [...reader.read(openEnded(file('a', 'x')).subarray(0, 513))]
  reader.finish()
  assert.deepEqual(
    events.map(({ type }) => type),
    ['entry', 'data', 'end'],
  )
})
