import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capabilitiesIn, capabilityLine, capabilityMask, defaultCapabilities } from '../../src/runtime/capabilities.ts'

test("the default set is Docker's, as /proc/PID/status shows it", () => {
  assert.equal(capabilityMask(defaultCapabilities), 0xa80425fbn)
})

test('a mask and its names are the same set', () => {
  assert.deepEqual(capabilitiesIn(capabilityMask(['CAP_BPF', 'CAP_CHOWN'])), ['CAP_CHOWN', 'CAP_BPF'])
})

test('capabilities beyond the 32nd are in the mask too', () => {
  assert.equal(capabilityMask(['CAP_CHECKPOINT_RESTORE']), 1n << 40n)
})

test('a line of /proc/PID/status is a mask', () => {
  assert.equal(capabilityLine('Name:\tx\nCapPrm:\t000001fffeffffff\nCapBnd:\t0000000000000001\n', 'CapBnd'), 1n)
})
