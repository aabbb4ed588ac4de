import { TscomposeError } from '../errors.ts'

/**
 * Gives an operation so much time to see everything running and healthy.
 * @param seconds 0: as long as it takes
 * @throws TscomposeError COMPOSE_WAIT_TIMEOUT
 */
export async function withinSeconds(
  seconds: number,
  signal: AbortSignal,
  act: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (seconds <= 0) return act(signal)
  const timeout = AbortSignal.timeout(seconds * 1000)
  try {
    await act(AbortSignal.any([signal, timeout]))
  } catch (error) {
    if (error !== timeout.reason) throw error
    throw new TscomposeError('COMPOSE_WAIT_TIMEOUT', `application not healthy after ${seconds}s`)
  }
}
