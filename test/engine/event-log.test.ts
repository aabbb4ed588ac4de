import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventMessage, EventsOptions } from '../../src/engine/api.ts'
import { EventLog } from '../../src/engine/events/event-log.ts'

/** The actions that a subscription brings until it ends. */
async function actions(events: AsyncIterable<EventMessage>): Promise<string[]> {
  const seen: string[] = []
  for await (const { Action } of events) seen.push(Action)
  return seen
}
const subscribe = (log: EventLog, options: EventsOptions = {}) => {
  const over = new AbortController()
  const seen = actions(log.subscribe(options, over.signal))
  return { over, seen }
}

test('a subscription stands from the moment it is made, and ends with its signal', async () => {
  const log = new EventLog()
  log.emit('container', 'before', 'a')
  const { over, seen } = subscribe(log)
  log.emit('container', 'start', 'a')
  log.emit('container', 'die', 'a')
  over.abort()
  log.emit('container', 'after', 'a')
  assert.deepEqual(await seen, ['start', 'die'])
})

test('since brings what has been, until ends it', async () => {
  const log = new EventLog()
  log.emit('container', 'create', 'a')
  const seconds = String(Date.now() / 1000 - 1)
  const { over, seen } = subscribe(log, { since: seconds })
  log.emit('container', 'start', 'a')
  over.abort()
  assert.deepEqual(await seen, ['create', 'start'])
  assert.deepEqual(await subscribe(log, { since: seconds, until: String((Date.now() + 1) / 1000) }).seen, [
    'create',
    'start',
  ])
})

test('an end in the future ends the subscription when it has come', async () => {
  const log = new EventLog()
  assert.deepEqual(await subscribe(log, { until: String(Date.now() / 1000 + 0.02) }).seen, [])
})

test('only events that the filters ask for are told', async () => {
  const log = new EventLog()
  const attributes = { name: 'shop-web-1', image: 'nginx:alpine', tier: 'front' }
  const wanted = async (filters: Record<string, string[]>) => {
    const { over, seen } = subscribe(log, { filters })
    log.emit('container', 'start', 'abc', attributes)
    log.emit('container', 'exec_create: sh -c true', 'abc', attributes)
    log.emit('container', 'health_status: healthy', 'abc', attributes)
    log.emit('network', 'connect', 'net1', { name: 'lan' })
    over.abort()
    return (await seen).map(action => action.replace(/:.*/, ''))
  }
  assert.deepEqual(await wanted({ type: ['network'] }), ['connect'])
  assert.deepEqual(await wanted({ event: ['start', 'health_status'] }), ['start', 'health_status'])
  assert.deepEqual(await wanted({ event: ['health_status: healthy'] }), ['health_status'])
  assert.deepEqual(await wanted({ label: ['tier=front'], event: ['start'] }), ['start'])
  assert.deepEqual(await wanted({ container: ['shop-web-1'], event: ['start', 'connect'] }), ['start'])
  assert.deepEqual(await wanted({ container: ['other'] }), [])
  assert.deepEqual(await wanted({ image: ['nginx'], event: ['start'] }), ['start'])
  await assert.rejects(async () => log.subscribe({ filters: { colour: ['red'] } }, AbortSignal.timeout(1)), {
    code: 'ENGINE_REQUEST_INVALID',
  })
})

test('who does not read is told of no more than can be kept for him, and that there was more', async () => {
  const log = new EventLog()
  const events = log.subscribe({}, new AbortController().signal)
  for (let n = 0; n < 100_000; n++) log.emit('container', `${n}`, 'a')
  const seen: string[] = []
  await assert.rejects(
    async () => {
      for await (const { Action } of events) seen.push(Action)
    },
    { code: 'ENGINE_STREAM_FAILED' },
  )
  assert.deepEqual([seen.length, seen[0], seen.at(-1)], [16_384, '0', '16383'])
})
