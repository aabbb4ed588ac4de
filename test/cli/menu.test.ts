import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { WriteStream } from 'node:tty'
import { Footer } from '../../src/cli/menu/footer.ts'
import { WatchToggle } from '../../src/cli/menu/watch-toggle.ts'

/** What a terminal of one width shows of what is written to it: CR and "erase line" are all that a footer uses. */
function terminal(columns: number) {
  let text = ''
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    write: (chunk: string) => {
      text += chunk
      return true
    },
  }) as unknown as WriteStream
  const shown = (line: string) => line.slice(line.lastIndexOf('\r\u001b[2K') + 1).replace('\u001b[2K', '')
  const screen = () =>
    text
      .split('\n')
      .map(shown)
      .join('\n')
      .replaceAll(/\[22?m/g, '')
      .replaceAll('\u001b', '')
  return { stream, screen }
}

test('a footer stays below what is written, and goes without a trace', () => {
  const { stream, screen } = terminal(20)
  const footer = new Footer(stream)
  footer.set('d Detach')
  stream.write('one\n')
  assert.equal(screen(), 'one\nd Detach')
  stream.write('tw')
  assert.equal(screen(), 'one\ntw', 'half a line is not written over')
  stream.write('o\n')
  footer.set('a line that is too long for it')
  assert.equal(screen(), 'one\ntwo\na line that is too ')
  footer[Symbol.dispose]()
  stream.write('three\n')
  assert.equal(screen(), 'one\ntwo\nthree\n')
})

test('a watch is switched on and off, and up ends when all have ended and nothing is watched', async () => {
  const told: string[] = []
  const toggle = new WatchToggle(async signal => {
    told.push('on')
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    told.push('off')
  })
  toggle.changed = () => told.push(`changed to ${toggle.on}`)
  let over = false
  toggle.switchOn()
  const run = toggle
    .run(new AbortController().signal, async () => {})
    .then(() => {
      over = true
    })
  await new Promise(setImmediate)
  assert.ok(!over, 'it goes on for the watch')
  toggle.switchOff()
  await run
  assert.deepEqual(told, ['on', 'changed to true', 'changed to false', 'off'])
})

test('a watch that fails is off', async () => {
  const toggle = new WatchToggle(async () => {})
  toggle.switchOn()
  await new Promise(setImmediate)
  assert.equal(toggle.on, false)
})
