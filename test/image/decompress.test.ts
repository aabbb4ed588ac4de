import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { decompress } from '../../src/image/unpack/decompress.ts'

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function decompressed(bytes: Buffer, size = 1000): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(decompress(inPieces(bytes, size))))
}

const skippable = Buffer.concat([Buffer.from([0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from('index')])
const a = randomBytes(300_000)
const b = Buffer.from('b'.repeat(2_000_000))
const both = Buffer.concat([a, b])

const archives: [string, Buffer][] = [
  ['not compressed', both],
  ['gzip', gzipSync(both)],
  ['gzip of several members', Buffer.concat([gzipSync(a), gzipSync(b)])],
  ['zstd', zstdCompressSync(both)],
  ['zstd of several frames', Buffer.concat([zstdCompressSync(a), zstdCompressSync(b)])],
  [
    'zstd with frames to skip',
    Buffer.concat([skippable, zstdCompressSync(a), skippable, zstdCompressSync(b), skippable]),
  ],
]
for (const [what, archive] of archives)
  test(what, async () => {
    for (const size of [archive.length, 65536, 997]) assert.ok((await decompressed(archive, size)).equals(both))
    if (archive.length < 50_000) assert.ok((await decompressed(archive, 1)).equals(both))
  })

test('frames cut at every byte', async () => {
  const archive = Buffer.concat([skippable, zstdCompressSync('one'), skippable, zstdCompressSync('two')])
  for (let size = 1; size <= archive.length; size++) assert.equal(String(await decompressed(archive, size)), 'onetwo')
})

for (const [what, archive] of archives.slice(1))
  test(`cut off: ${what}`, async () => {
    await assert.rejects(decompressed(archive.subarray(0, archive.length - 3)))
  })

test('garbage behind a frame', async () => {
  await assert.rejects(decompressed(Buffer.concat([zstdCompressSync('x'), Buffer.from('garbage')])))
})

test('an error of the source comes through', async () => {
  const source = (async function* () {
    yield gzipSync(both).subarray(0, 5000)
    throw new Error('broken')
  })()
  await assert.rejects(Array.fromAsync(decompress(source)), /broken/)
})

test('nothing at all', async () => assert.equal((await decompressed(Buffer.alloc(0))).length, 0))
