import { TscomposeError } from '../../errors.ts'
import type { Reference } from '../reference.ts'
import type { Endpoint } from './endpoints.ts'
import { PassingFault } from './retry.ts'
import { RegistrySession, type SessionOptions } from './session.ts'

/** A session with the first endpoint that can be reached: plain HTTP after TLS, where it is allowed. */
export async function openSession(
  reference: Reference,
  endpoints: readonly Endpoint[],
  options: SessionOptions,
  signal: AbortSignal,
): Promise<RegistrySession> {
  for (const endpoint of endpoints) {
    const session = new RegistrySession(endpoint, reference, options)
    if (endpoint === endpoints.at(-1) || (await answers(session, signal))) return session
  }
  throw new TypeError('there is no endpoint to ask')
}

/** Whether there is something that speaks HTTP at the endpoint; what it says does not matter yet. */
async function answers(session: RegistrySession, signal: AbortSignal): Promise<boolean> {
  try {
    const url = new URL('/v2/', session.url(''))
    const { body } = await session.send({ url }, [200, 401, 403, 404, 429], signal)
    body.resume()
    return true
  } catch (error) {
    signal.throwIfAborted()
    return (
      !(error instanceof TscomposeError && error.code === 'REGISTRY_UNREACHABLE') && !(error instanceof PassingFault)
    )
  }
}
