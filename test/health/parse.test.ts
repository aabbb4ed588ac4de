import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProbe } from '../../src/health/parse.ts'

test('unset durations and retries are those of Docker', () =>
  assert.deepEqual(parseProbe({ Test: ['CMD', 'pg_isready', '-q'] }), {
    args: ['pg_isready', '-q'],
    intervalMs: 30_000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    startIntervalMs: 5_000,
    retries: 3,
  }))

test('CMD-SHELL runs in the shell of the image', () => {
  assert.deepEqual(parseProbe({ Test: ['CMD-SHELL', 'test -e /ok || exit 1'] })?.args, [
    '/bin/sh',
    '-c',
    'test -e /ok || exit 1',
  ])
  assert.deepEqual(parseProbe({ Test: ['CMD-SHELL', 'true'] }, ['/bin/bash', '-ec'])?.args, [
    '/bin/bash',
    '-ec',
    'true',
  ])
})

test('NONE and no test at all mean no probe', () => {
  assert.equal(parseProbe({ Test: ['NONE'] }), undefined)
  assert.equal(parseProbe({ Test: [] }), undefined)
  assert.equal(parseProbe(undefined), undefined)
})

test('durations are given in nanoseconds', () =>
  assert.equal(parseProbe({ Test: ['CMD', 'x'], Interval: 1_500_000_000 })?.intervalMs, 1500))
