import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStat, timeText, ttyName } from '../../src/engine/container/processes.ts'
import { findByPrefix, newId } from '../../src/engine/ids.ts'
import { parseSignal } from '../../src/engine/signals.ts'
import { parseMoment, timestamp } from '../../src/engine/time.ts'

test('signals by name and by number', () => {
  assert.equal(parseSignal('SIGTERM'), 15)
  assert.equal(parseSignal('hup'), 1)
  assert.equal(parseSignal('9'), 9)
  assert.equal(parseSignal('SIGRTMIN+3'), 37)
  assert.equal(parseSignal('RTMAX'), 64)
  for (const text of ['', 'SIGNOPE', '0', '65', '-9'])
    assert.throws(() => parseSignal(text), { code: 'ENGINE_REQUEST_INVALID' }, text)
})

test('an id is found by a prefix that only it has', () => {
  assert.equal(findByPrefix(['aa11', 'ab22'], 'ab'), 'ab22')
  assert.equal(findByPrefix(['aa11'], 'ff'), undefined)
  assert.equal(findByPrefix(['aa11'], 'name'), undefined)
  assert.throws(() => findByPrefix(['aa11', 'ab22'], 'a'), { code: 'ENGINE_ID_AMBIGUOUS' })
  assert.match(newId(), /^[0-9a-f]{64}$/)
})

test('moments are seconds or RFC 3339', () => {
  assert.equal(parseMoment('1700000000.5'), 1_700_000_000_500)
  assert.equal(parseMoment('2026-01-01T00:00:00Z'), Date.parse('2026-01-01'))
  assert.throws(() => parseMoment('yesterday'), { code: 'ENGINE_REQUEST_INVALID' })
})

test('timestamps sort as they are made', () => {
  const made = Array.from({ length: 100 }, timestamp)
  assert.deepEqual([...made].sort(), made)
  assert.equal(new Set(made).size, 100)
})

test('a process in /proc, whatever its name holds', () => {
  const stat = '42 (a) b) S 1 42 42 34817 0 0 0 0 0 0 150 50 0 0 20 0 1 0 12345 0'
  assert.deepEqual(parseStat(stat), { name: 'a) b', ppid: 1, tty: 34817, cpuSeconds: 2, startSeconds: 123.45 })
  assert.equal(ttyName(34817), 'pts/1')
  assert.equal(ttyName(0), '?')
  assert.equal(timeText(3725), '01:02:05')
})
