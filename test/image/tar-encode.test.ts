import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { encodeEntry, padding, TRAILER, tarEntry } from '../../src/image/pack/tar-encode.ts'
import type { TarEntry } from '../../src/image/unpack/tar-entry.ts'
import { TarReader } from '../../src/image/unpack/tar-reader.ts'

function backAgain(entry: TarEntry): TarEntry {
  const reader = new TarReader()
  for (const event of reader.read(encodeEntry(entry))) if (event.type === 'entry') return event.entry
  assert.fail('no entry')
}

const cases: Record<string, Partial<TarEntry>> = {
  'a plain file': { name: 'etc/passwd', mode: 0o644, uid: 1, gid: 2, mtime: 1_700_000_000 },
  'a name of 100 bytes': { name: 'n'.repeat(100) },
  'a long name that can be cut': { name: `${'d'.repeat(80)}/${'n'.repeat(90)}` },
  'a long name that cannot': { name: 'n'.repeat(101) },
  'a long name with long parts': { name: `${'d'.repeat(200)}/${'e'.repeat(200)}/f` },
  'a long directory': { name: `${'d'.repeat(120)}/`, type: 'directory' },
  'a name that is no UTF-8': { name: 'caf\xe9' },
  'a long name that is no UTF-8': { name: 'caf\xe9'.repeat(40) },
  'a long link': { name: 'l', type: 'symlink', linkname: '../'.repeat(60) },
  'a hard link': { name: 'h', type: 'link', linkname: 'a/b' },
  'a device': { name: 'dev/x', type: 'block', devmajor: 259, devminor: 70_000 },
  'great numbers': { name: 'f', uid: 4_000_000_000, gid: 2_097_152, mtime: 8 ** 11 },
  'a time before 1970': { name: 'f', mtime: -5 },
  'a fraction before 1970': { name: 'f', mtime: -1, mtimeNsec: 250_000_000 },
  nanoseconds: { name: 'f', mtime: 3, mtimeNsec: 42 },
  'a great file': { name: 'f', size: 9 * 1024 ** 3 },
  attributes: {
    name: 'f',
    xattrs: new Map([
      ['user.b', Buffer.from([0, 10, 61])],
      ['security.capability', Buffer.alloc(20, 7)],
    ]),
  },
}
for (const [title, fields] of Object.entries(cases))
  test(`${title} can be read back`, () => {
    const entry = tarEntry({ name: '', ...fields })
    const { xattrs, ...rest } = backAgain(entry)
    const { xattrs: given, ...expected } = entry
    assert.deepEqual(rest, expected)
    assert.deepEqual(xattrs && new Map(xattrs), given)
  })

test('tar(1) reads what is written', () => {
  const data = Buffer.from('hello')
  const long = `${'d'.repeat(120)}/${'n'.repeat(120)}`
  const archive = Buffer.concat([
    encodeEntry(tarEntry({ name: 'dir', type: 'directory', mode: 0o1777 })),
    encodeEntry(tarEntry({ name: long, size: 5, uid: 3_000_000, mtime: 0 })),
    data,
    padding(5),
    encodeEntry(tarEntry({ name: 'again', type: 'link', linkname: long })),
    TRAILER,
  ])
  assert.equal(archive.length % 512, 0)
  const listed = execFileSync('tar', ['--numeric-owner', '--utc', '-tvf', '-'], { input: archive }).toString()
  assert.match(listed, /^drwxrwxrwt 0\/0 +0 1970-01-01 00:00 dir\/$/m)
  assert.match(listed, new RegExp(`^-rw-r--r-- 3000000/0 +5 1970-01-01 00:00 ${long}$`, 'm'))
  assert.match(listed, new RegExp(`^hrw-r--r-- 0/0 +0 1970-01-01 00:00 again link to ${long}$`, 'm'))
  assert.equal(execFileSync('tar', ['-xOf', '-', long], { input: archive }).toString(), 'hello')
})
