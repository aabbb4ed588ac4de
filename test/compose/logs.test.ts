import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { LineSplitter, logLines } from '../../src/compose/logs/lines.ts'
import { mergeByTime } from '../../src/compose/logs/merge.ts'
import { LogPlace } from '../../src/compose/logs/place.ts'
import { encodeFrame } from '../../src/engine/stream-frames.ts'

const all = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

test('lines are put together from chunks cut anywhere, also within a character', () => {
  const text = Buffer.from('één\n\nzwei\nlast')
  for (let at = 1; at < text.length; at++) {
    const splitter = new LineSplitter()
    const lines = [...splitter.push(text.subarray(0, at)), ...splitter.push(text.subarray(at)), ...splitter.end()]
    assert.deepEqual(lines, ['één', '', 'zwei', 'last'], `cut at ${at}`)
  }
})

test('streams are kept apart, and their lines in order', async () => {
  const log = Readable.from([
    encodeFrame('stdout', Buffer.from('a\nb')),
    encodeFrame('stderr', Buffer.from('err\n')),
    encodeFrame('stdout', Buffer.from('c\n')),
    encodeFrame('stderr', Buffer.from('open')),
  ])
  assert.deepEqual(await all(logLines(log, false)), [
    { stream: 'stdout', text: 'a' },
    { stream: 'stderr', text: 'err' },
    { stream: 'stdout', text: 'bc' },
    { stream: 'stderr', text: 'open' },
  ])
})

test('the log of a terminal is one stream without frames', async () =>
  assert.deepEqual(await all(logLines(Readable.from([Buffer.from('a\r\nb\r\n')]), true)), [
    { stream: 'stdout', text: 'a' },
    { stream: 'stdout', text: 'b' },
  ]))

test('logs are merged by time, and what has the same time by container', async () => {
  const source = (name: string, ...times: string[]) =>
    (async function* () {
      for (const time of times) yield { time, name }
    })()
  const merged = await all(
    mergeByTime([source('a', '1', '4', '4'), source('b', '2', '4'), source('c'), source('d', '3')]),
  )
  assert.deepEqual(
    merged.map(({ time, name }) => time + name),
    ['1a', '2b', '3d', '4a', '4a', '4b'],
  )
})

test('a log goes on behind the last line that was shown, of those with one time, too', () => {
  const place = new LogPlace()
  for (const time of ['1', '2', '2']) place.pass(time)
  assert.equal(place.time, '2')
  const isNew = place.resume()
  const again = ['2', '2', '2', '3']
  assert.deepEqual(
    again.map(time => isNew(time)),
    [false, false, true, true],
  )
})
