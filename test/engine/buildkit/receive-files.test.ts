import assert from 'node:assert/strict'
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { receiveFiles } from '../../../src/engine/http/buildkit/files/receive.ts'
import { PACKET, packet } from '../../../src/engine/http/buildkit/messages/session.ts'
import type { BidirectionalCall } from '../../../src/engine/http/buildkit/rpc/client.ts'
import type { Read, Written } from '../../../src/engine/http/buildkit/rpc/protobuf.ts'

type Packet = Written<typeof packet>

const DIRECTORY = 0x8000_0000 + 0o755
const SYMLINK = 0x0800_0000 + 0o777
const directory = (path: string): Packet => ({ stat: { path, mode: DIRECTORY, modTime: 5n } })
const link = (path: string, linkname: string): Packet => ({ stat: { path, mode: SYMLINK, linkname } })
const file = (path: string, more: Packet['stat'] = {}): Packet => ({ stat: { path, mode: 0o644, ...more } })

/** A client that tells of `stats` and sends `contents` by their numbers when it is asked for them. */
function client(
  stats: readonly Packet[],
  contents: Readonly<Record<number, readonly string[]>> = {},
  last: Packet[] = [],
) {
  const queue: Packet[] = [...stats.map(one => ({ type: PACKET.STAT, ...one })), { type: PACKET.STAT }, ...last]
  let wake = Promise.withResolvers<void>()
  const asked: number[] = []
  const call: BidirectionalCall<Packet, Read<typeof packet>> = {
    async send({ type, id = 0 }) {
      if (type === PACKET.FIN) queue.push({ type: PACKET.FIN })
      if (type === PACKET.REQ) {
        asked.push(id)
        for (const piece of contents[id] ?? []) queue.push({ type: PACKET.DATA, id, data: Buffer.from(piece) })
        queue.push({ type: PACKET.DATA, id })
      }
      wake.resolve()
    },
    end() {},
    cancel() {},
    messages: (async function* () {
      for (;;) {
        const next = queue.shift()
        if (next) yield packet.decode(packet.encode(next))
        else {
          await wake.promise
          wake = Promise.withResolvers()
        }
      }
    })(),
  }
  return { call, asked }
}

async function place(t: TestContext): Promise<{ readonly outside: string; readonly inside: string }> {
  const outside = await mkdtemp(join(tmpdir(), 'tscompose-receive-'))
  t.after(() => rm(outside, { recursive: true, force: true }))
  const inside = join(outside, 'inside')
  await mkdir(inside)
  return { outside, inside }
}

test('files, directories and links come as they are', async t => {
  const { inside } = await place(t)
  const told: number[] = []
  const { call, asked } = client(
    [
      directory('d'),
      file('d/one', { mode: 0x0080_0000 + 0o755, modTime: 1_700_000_000_123_456_789n }),
      link('d/to', '../two'),
      { stat: { path: 'pipe', mode: 0x0200_0000 + 0o644 } },
      file('same', { linkname: 'two' }),
      file('two', { modTime: -1n }),
    ],
    { 1: ['hel', 'lo'], 5: ['x'.repeat(100_000), 'y'.repeat(300_000)] },
  )
  await receiveFiles(call, inside, bytes => told.push(bytes))
  assert.deepEqual(asked, [1, 5])
  assert.deepEqual((await readdir(inside)).sort(), ['d', 'same', 'two'])
  assert.equal(await readFile(join(inside, 'd/one'), 'utf8'), 'hello')
  const one = await stat(join(inside, 'd/one'), { bigint: true })
  assert.equal(one.mode & 0o7777n, 0o4755n)
  assert.equal(one.mtimeNs, 1_700_000_000_123_456_789n)
  assert.equal((await stat(join(inside, 'd'), { bigint: true })).mtimeNs, 5n)
  assert.equal(await readlink(join(inside, 'd/to')), '../two')
  const two = await stat(join(inside, 'two'), { bigint: true })
  assert.equal(two.size, 400_000n)
  assert.equal(two.mtimeNs, -1n)
  assert.equal((await stat(join(inside, 'same'), { bigint: true })).ino, two.ino)
  assert.equal(told.at(-1), 400_005)
})

test('an empty directory is whole at once', async t => {
  const { inside } = await place(t)
  await receiveFiles(client([]).call, inside, () => {})
  assert.deepEqual(await readdir(inside), [])
})

const hostile: Readonly<Record<string, readonly Packet[]>> = {
  'a name above': [file('../evil')],
  'a name above within': [directory('d'), file('d/../../evil')],
  'an absolute name': [file('/tmp/tscompose-evil')],
  'the directory itself': [directory('.')],
  'no name': [file('')],
  'an empty part': [directory('d'), file('d//x')],
  'a NUL': [file('a\0b')],
  'a name that is far too long': [file('x'.repeat(5000))],
  'a file through a link out': [link('out', '..'), file('out/evil')],
  'a file through an absolute link': [link('out', '/tmp'), file('out/tscompose-evil')],
  'a directory through a link': [link('out', '..'), directory('out/d')],
  'a link where a directory is': [directory('d'), link('d', '..')],
  'a directory where a link is': [link('d', '..'), directory('d')],
  'a file in none': [file('nowhere/x')],
  'a file in a file': [file('f'), file('f/x')],
  'the same name twice': [file('f'), file('f')],
  'another name of a file outside': [file('f', { linkname: '../secret' })],
  'another name of an absolute one': [file('f', { linkname: '/etc/passwd' })],
  'another name of a link': [link('l', '/etc/passwd'), file('f', { linkname: 'l' })],
  'another name of a directory': [directory('d'), file('f', { linkname: 'd' })],
  'a link to nothing': [link('l', '')],
}

for (const [name, stats] of Object.entries(hostile))
  test(`${name} is refused, and nothing is written outside`, async t => {
    const { outside, inside } = await place(t)
    await assert.rejects(
      receiveFiles(client(stats).call, inside, () => {}),
      { code: 'ENGINE_REQUEST_INVALID' },
    )
    assert.deepEqual(await readdir(outside), ['inside'])
    await assert.rejects(lstat('/tmp/tscompose-evil'))
  })

test('contents that were not asked for, and packets out of place, are refused', async t => {
  const { inside } = await place(t)
  for (const last of [
    [{ type: PACKET.DATA, id: 7, data: Buffer.from('x') }],
    [{ type: PACKET.FIN }, { type: PACKET.FIN }],
    [{ type: PACKET.STAT }],
    [{ type: PACKET.STAT, stat: { path: 'late', mode: 0o644 } }],
    [{ type: 9 }],
  ] satisfies Packet[][])
    await assert.rejects(
      receiveFiles(client([{ stat: { path: `f${Math.random()}`, mode: 0o644 } }], {}, last).call, inside, () => {}),
      { code: 'ENGINE_REQUEST_INVALID' },
    )
  const error = client([], {}, [])
  error.call.send = async () => {}
  const failing = client([file('g')], {}, [{ type: PACKET.ERR, data: Buffer.from('disk on fire') }])
  await assert.rejects(
    receiveFiles(failing.call, inside, () => {}),
    /disk on fire/,
  )
})
