import assert from 'node:assert/strict'
import { test } from 'node:test'
import { windowSize } from '../../src/cli/terminal.ts'

const on = (stdout: object) => windowSize({ stdout: stdout as NodeJS.WriteStream })

test('a terminal of unknown size tells none', () => {
  assert.deepEqual(on({ isTTY: true, rows: 24, columns: 80 }), [24, 80])
  for (const none of [{ rows: 24, columns: 80 }, { isTTY: true, rows: 0, columns: 0 }, { isTTY: true }])
    assert.equal(on(none), undefined)
})
