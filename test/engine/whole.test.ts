import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeHostConfig } from '../../src/engine/container/whole.ts'

test('inspect shows both halves of a published port, and no limit of processes for any number below one', () => {
  const { PortBindings, PidsLimit } = wholeHostConfig({
    PortBindings: { '80/tcp': [{ HostPort: '8080' }], '81/tcp': null },
    PidsLimit: -5,
  })
  assert.deepEqual(PortBindings, { '80/tcp': [{ HostIp: '', HostPort: '8080' }], '81/tcp': null })
  assert.equal(PidsLimit, null)
})
