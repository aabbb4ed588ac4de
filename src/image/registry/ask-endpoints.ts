import { TscomposeError } from '../../errors.ts'
import type { Endpoint } from './endpoints.ts'
import { isOfEndpoint } from './failures.ts'

interface Failure {
  readonly host: string
  readonly error: TscomposeError
}

/**
 * Asks endpoints one after the other until one has an answer.
 * @throws TscomposeError REGISTRY_*, what tells most of what went wrong with each
 */
export async function askEndpoints<T>(
  endpoints: readonly Endpoint[],
  ask: (endpoint: Endpoint) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const failures: Failure[] = []
  for (const endpoint of endpoints) {
    try {
      return await ask(endpoint)
    } catch (error) {
      signal.throwIfAborted()
      if (!isOfEndpoint(error)) throw error
      failures.push({ host: endpoint.url.host, error })
    }
  }
  throw theTelling(failures)
}

/** An answer, rather than no connection; that the same host speaks no TLS is no news then. */
function theTelling(failures: readonly Failure[]): TscomposeError {
  const chosen = failures.findLast(({ error }) => error.code !== 'REGISTRY_UNREACHABLE') ?? failures.at(-1)
  if (!chosen) throw new TypeError('there was no endpoint to ask')
  const { host, error } = chosen
  const isAnswer = error.code !== 'REGISTRY_UNREACHABLE'
  const others = failures
    .filter(other => other !== chosen && !(isAnswer && other.host === host))
    .map(other => other.error.message)
    .filter(message => message !== error.message)
  if (others.length === 0) return error
  const also = `Also asked in vain: ${others.join('; ')}.`
  return new TscomposeError(error.code, error.message, {
    fix: [error.fix, also].filter(Boolean).join(' '),
    cause: error,
  })
}
