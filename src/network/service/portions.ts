import { openFilesLimit } from '../../sys/open-files.ts'

/**
 * Something there is not without end, for containers and ports that know nothing of each other. Each may have as much as
 * is still free: one alone gets half of all, and however many take what they can get, something is left for the next.
 */
export class Supply {
  readonly #size: number
  #taken = 0

  constructor(size: number) {
    this.#size = size
  }

  portion(): Portion {
    let own = 0
    return {
      take: () => {
        if (own >= this.#size - this.#taken) return false
        own++
        this.#taken++
        return true
      },
      giveBack: () => {
        own--
        this.#taken--
      },
    }
  }
}

export interface Portion {
  /** False: it has its part. */
  take(): boolean
  giveBack(): void
}

/** Connections that the service holds for others, in pairs of descriptors at most; the engine needs some for itself. */
export const connections = new Supply(Math.floor(Math.min(openFilesLimit(), 2 ** 20) / 4))

/** Queries that others are asked at the same time, each with a descriptor, and a way through the host's firewall. */
export const forwardedQueries = new Supply(1024)
