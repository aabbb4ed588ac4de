import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openTtyProgress } from '../../src/cli/progress/tty.ts'

test('a display that ended before it was told to stands on the screen once', async () => {
  let written = ''
  const write = (text: string) => {
    written += text
    return true
  }
  const stream = { isTTY: true, write } as unknown as NodeJS.WriteStream
  const progress = openTtyProgress(stream, { color: false })
  progress.begin(new Map([['Container demo-web-1', 1]]))
  await setImmediate()
  progress.report({ id: 'Container demo-web-1', text: 'Started', status: 'done' })
  while (!written.includes('\u001b[?25h')) await setImmediate() // the cursor is shown again: all is drawn
  progress.report({ id: 'Container demo-web-1', text: 'Healthy', status: 'done' })
  await progress.end(false)
  const stays = written.slice(written.lastIndexOf('\u001b[G'))
  assert.equal(stays.match(/Running 1\/1/g)?.length, 1, JSON.stringify(stays))
})
