import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { TscomposeError } from '../../errors.ts'
import { linux } from '../../sys/kernel.ts'

const LOCK = { EX: 2, NB: 4, UN: 8 } as const
const patienceMs = 10_000

/**
 * The lock on what engines share: the choice of subnets, the switch for forwarding. It is a flock(2) on the network
 * namespace itself, so it holds for exactly those who share one, needs no file, and goes with its holder's process.
 * Tasks of one engine follow each other.
 */
export class HostLock {
  #idle: Promise<unknown> = Promise.resolve()

  /** @throws TscomposeError NETWORK_LOCKED if others hold it for ten seconds */
  hold<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#idle.then(async () => {
      const namespace = openSync('/proc/self/ns/net', 'r')
      try {
        await lock(namespace)
        try {
          return await task()
        } finally {
          // Closing alone would not do: a child that is being launched may hold a copy of the descriptor for a moment.
          linux.flock(namespace, LOCK.UN)
        }
      } finally {
        closeSync(namespace)
      }
    })
    this.#idle = result.catch(() => {})
    return result
  }
}

/** Asks again and again, since waiting in flock(2) would take one of libuv's few threads for an unknown time. */
async function lock(file: number): Promise<void> {
  for (let waited = 0, delay = 1; ; waited += delay, delay = Math.min(delay * 2, 50)) {
    try {
      linux.flock(file, LOCK.EX | LOCK.NB)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      if (waited > patienceMs)
        throw new TscomposeError('NETWORK_LOCKED', 'another engine has held the lock on the network for ten seconds', {
          fix: 'Look for an engine process that hangs.',
        })
      await sleep(delay)
    }
  }
}
