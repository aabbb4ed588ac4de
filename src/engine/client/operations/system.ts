import type { EventMessage, SystemOperations } from '../../api.ts'
import type { EngineConnection } from '../connection.ts'
import { untilAborted } from './requests.ts'

export const systemOperations = (connection: EngineConnection): SystemOperations => ({
  async systemPing() {
    await connection.perform('GET', '/_ping')
  },
  systemVersion() {
    return connection.json('GET', '/version')
  },
  systemInfo() {
    return connection.json('GET', '/info')
  },
  systemDataUsage({ types } = {}) {
    const query = new URLSearchParams(types?.map((type): [string, string] => ['type', type]))
    return connection.json('GET', query.size > 0 ? `/system/df?${query}` : '/system/df')
  },
  systemMetrics() {
    return connection.text('GET', '/metrics')
  },
  async systemEvents(options, signal) {
    const response = await connection.send('GET', '/events', { query: { ...options }, signal })
    return eventsOf(connection.lines(response, signal), signal)
  },
})

async function* eventsOf(lines: AsyncIterable<unknown>, signal: AbortSignal): AsyncGenerator<EventMessage> {
  for await (const line of untilAborted(lines, signal)) {
    const { Type, Action, Actor, scope, time, timeNano } = line as EventMessage
    yield { Type, Action, Actor, scope, time, timeNano }
  }
}
