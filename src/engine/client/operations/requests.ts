import type { JSONMessage, RegistryAuthConfig } from '../../api.ts'
import { progressOf } from '../../http/json-lines.ts'
import type { EngineConnection, RequestMore } from '../connection.ts'

/** Does what answers with a stream of its progress. */
export async function progress(
  connection: EngineConnection,
  path: string,
  more: RequestMore,
): Promise<AsyncIterable<JSONMessage>> {
  return progressOf(connection.lines(await connection.send('POST', path, more), more.signal))
}

export const authHeader = (auth: RegistryAuthConfig | undefined): Record<string, string> =>
  auth ? { 'X-Registry-Auth': Buffer.from(JSON.stringify(auth)).toString('base64url') } : {}

/** For who aborts, a stream comes to its end. */
export async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
