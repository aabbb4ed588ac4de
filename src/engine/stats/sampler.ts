import type { InterfaceStats, Networks as NetworkLayer } from '../../network/network.ts'
import type { ContainerStats, StatsReader } from '../../runtime/runtime.ts'
import type { Container } from '../container/container.ts'
import type { Run } from '../container/run.ts'
import { Mailbox } from './mailbox.ts'
import { type ProcessorTime, readProcessorTime } from './processors.ts'

/** What was counted for a container, and for the machine at the same moment. */
export interface Reading {
  readonly stats: ContainerStats
  readonly processors: ProcessorTime
  /** Undefined: it lives in the host's network, or in none. */
  readonly networks: readonly InterfaceStats[] | undefined
}

/** A reading and the one before it; neither while the container does not run. */
export interface Observation {
  readonly now: Reading | undefined
  readonly before: Reading | undefined
}

interface Watched {
  readonly mailboxes: Set<Mailbox<Observation>>
  /** Of the run that is read at the moment. */
  open: { readonly run: Run; readonly reader: StatsReader } | undefined
  latest: Reading | undefined
}

const INTERVAL_MS = 1000
/** Who begins to listen gets a first reading soon, together with others who come at the same time. */
const SOON_MS = 5

export interface SamplerOptions {
  readonly networkLayer: Pick<NetworkLayer, 'interfaceStats'>
  /** Id of the container in whose network another one lives; mostly its own. */
  readonly networkOwner: (container: Container) => string
  readonly report: (error: unknown) => void
}

/**
 * Reads the counters of containers once a second, for all who listen together. While nobody does, nothing is read and
 * nothing is open.
 */
export class Sampler {
  readonly #options: SamplerOptions
  readonly #watched = new Map<Container, Watched>()
  #timer: NodeJS.Timeout | undefined
  #soon: NodeJS.Timeout | undefined

  constructor(options: SamplerOptions) {
    this.#options = options
  }

  /** One reading now of those of the containers that run. */
  async read(containers: readonly Container[]): Promise<ReadonlyMap<Container, Reading>> {
    const processors = readProcessorTime()
    const stats = new Map<Container, ContainerStats>()
    for (const container of containers) {
      const counted = this.#count(container)
      if (counted) stats.set(container, counted)
    }
    const owners = new Map([...stats.keys()].map(container => [container, this.#options.networkOwner(container)]))
    const networks = await this.#options.networkLayer.interfaceStats([...new Set(owners.values())])
    return new Map(
      [...stats].map(([container, counted]) => [
        container,
        { stats: counted, processors, networks: networks.get(owners.get(container) ?? '') },
      ]),
    )
  }

  #count(container: Container): ContainerStats | undefined {
    const { run } = container
    if (!run) return undefined
    const open = this.#watched.get(container)?.open
    try {
      if (open?.run === run) return open.reader.read()
      using reader = run.process.openStats()
      return reader.read()
    } catch {
      return undefined // it is about to end: its cgroup has gone
    }
  }

  /** Readings of one container, one a second, until `signal` aborts or the container is removed. */
  watch(container: Container, signal: AbortSignal): AsyncIterable<Observation> {
    const mailbox = new Mailbox<Observation>()
    const watched = this.#watched.get(container) ?? { mailboxes: new Set(), open: undefined, latest: undefined }
    this.#watched.set(container, watched)
    watched.mailboxes.add(mailbox)
    this.#timer ??= setInterval(() => this.#tick(), INTERVAL_MS).unref()
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined
      this.#tick(({ latest }) => latest === undefined)
    }, SOON_MS)
    const forget = () => {
      mailbox.close()
      this.#forget(container, watched, mailbox)
    }
    if (signal.aborted) forget()
    else signal.addEventListener('abort', forget, { once: true })
    return (async function* () {
      try {
        yield* mailbox
      } finally {
        signal.removeEventListener('abort', forget)
        forget()
      }
    })()
  }

  #forget(container: Container, watched: Watched, mailbox: Mailbox<Observation>): void {
    watched.mailboxes.delete(mailbox)
    if (watched.mailboxes.size > 0) return
    close(watched)
    if (this.#watched.get(container) === watched) this.#watched.delete(container)
    if (this.#watched.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tick(wanted: (watched: Watched) => boolean = () => true): void {
    const containers = [...this.#watched].filter(([, watched]) => wanted(watched)).map(([container]) => container)
    for (const container of containers) this.#follow(container)
    this.read(containers)
      .then(readings => {
        for (const container of containers) this.#post(container, readings.get(container))
      })
      .catch(this.#options.report)
  }

  /** Opens the counters of the run that a container is in now. */
  #follow(container: Container): void {
    const watched = this.#watched.get(container)
    const { run } = container
    if (!watched || watched.open?.run === run) return
    close(watched)
    if (run) watched.open = { run, reader: run.process.openStats() }
  }

  #post(container: Container, now: Reading | undefined): void {
    const watched = this.#watched.get(container)
    if (!watched) return
    const before = now && watched.latest
    watched.latest = now
    for (const mailbox of watched.mailboxes) {
      if (container.removed) mailbox.close()
      else mailbox.post({ now, before })
    }
  }
}

function close(watched: Watched): void {
  watched.open?.reader[Symbol.dispose]()
  watched.open = undefined
  watched.latest = undefined
}
