import { setTimeout } from 'node:timers/promises'

const FIRST_MS = 250
const LAST_MS = 8_000

/** A fault after which asking again makes sense; what to tell if it does not help is its cause. */
export class PassingFault extends Error {
  override readonly name = 'PassingFault'
}

/** How long to wait before the next attempt; some randomness keeps many clients from coming back at one moment. */
export const backOffMs = (failures: number, random = Math.random()): number =>
  Math.min(LAST_MS, FIRST_MS * 2 ** failures) * (0.75 + random / 2)

/**
 * Tries again after a passing fault, `retries` times in a row without progress.
 * @param attempt tells by its argument that it got further: the count begins anew
 * @throws what lay behind the last fault
 */
export async function retrying<T>(
  retries: number,
  attempt: (progress: () => void) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  let failures = 0
  const progress = () => {
    failures = 0
  }
  while (true) {
    try {
      return await attempt(progress)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof PassingFault)) throw error
      if (failures >= retries) throw error.cause
      await setTimeout(backOffMs(failures++), undefined, { signal })
    }
  }
}
