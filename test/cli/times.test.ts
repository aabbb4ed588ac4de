import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTime } from '../../src/cli/times.ts'

test('a moment may be told in part, and is this machine’s time without a zone', () => {
  const local = (...parts: [number, number, number, number?, number?]) => new Date(...parts).toISOString()
  assert.equal(parseTime('2026-01-02', 0), local(2026, 0, 2))
  assert.equal(parseTime('2026-01-02T15', 0), local(2026, 0, 2, 15))
  assert.equal(parseTime('2026-01-02T15:04', 0), local(2026, 0, 2, 15, 4))
  assert.equal(parseTime('2026-01-02T15:04+02:00', 0), '2026-01-02T15:04:00+02:00')
  assert.equal(parseTime('2026-01-02T15:04:05.123456789Z', 0), '2026-01-02T15:04:05.123456789Z')
})

test('it may also be Unix seconds, or how long ago it was', () => {
  assert.equal(parseTime('17.000000005', 0), '17.000000005')
  assert.equal(parseTime('1h30m', 10_000_000), '4600.000')
  for (const wrong of ['yesterday', '2026-13-40', '5 m', ''])
    assert.throws(() => parseTime(wrong, 0), { code: 'CLI_FLAG' })
})
