import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overrideEnv, processEnvironment } from '../../src/engine/translate/environment.ts'
import { isInit, usesInit } from '../../src/engine/translate/init.ts'

const given = { env: [], hostname: 'box', terminal: false, home: '/root' }

test('a process has PATH, HOSTNAME and HOME, and TERM on a terminal', () => {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  assert.deepEqual(processEnvironment(given), [path, 'HOSTNAME=box', 'HOME=/root'])
  assert.deepEqual(processEnvironment({ ...given, terminal: true }), [path, 'HOSTNAME=box', 'TERM=xterm', 'HOME=/root'])
})

test("the container's own variables win, in the place of Docker's", () =>
  assert.deepEqual(processEnvironment({ ...given, env: ['PATH=/bin', 'HOME=/srv', 'A=1', 'HOSTNAME'] }), [
    'PATH=/bin',
    'HOME=/srv',
    'A=1',
  ]))

test('values may hold equals signs, and an empty value is one', () =>
  assert.deepEqual(overrideEnv(['A=1'], ['A=b=c', 'B=']), ['A=b=c', 'B=']))

test('a program that is an init itself gets none above it, unless somebody insists', () => {
  for (const program of ['/init', '/usr/bin/tini', 'dumb-init', '/lib/systemd/systemd'])
    assert.ok(isInit(program), program)
  assert.ok(usesInit(undefined, true, '/bin/sh', true))
  assert.ok(!usesInit(undefined, true, '/sbin/tini', true))
  assert.ok(usesInit(true, false, '/sbin/tini', true))
  assert.ok(!usesInit(false, true, '/bin/sh', true))
  assert.ok(!usesInit(null, false, '/bin/sh', true))
  assert.ok(!usesInit(true, true, '/bin/sh', false), "somebody else's pid namespace has a PID 1")
})
