import { TscomposeError } from '../../errors.ts'
import type { EventMessage, EventsOptions, Labels } from '../api.ts'
import { parseMoment } from '../time.ts'
import { eventFilter } from './filter.ts'

/** How many events `since` can look back on. */
const REMEMBERED = 4096

/** How many events wait for one who listens and does not read. */
const MOST_WAITING = 16_384

/** Milliseconds by which two clocks may differ until one of them was set. */
const CLOCK_STEP = 50

/** Tells whoever listens what happens to containers, images, networks and volumes, and remembers the latest of it. */
export class EventLog {
  readonly #past: EventMessage[] = []
  readonly #listeners = new Set<(event: EventMessage) => void>()
  /** What is to be added to the time since this process began, in milliseconds. */
  #began = performance.timeOrigin

  emit(type: EventMessage['Type'], action: string, id: string, attributes: Labels = {}): void {
    const milliseconds = this.#now()
    const event: EventMessage = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Math.floor(milliseconds / 1000),
      timeNano: Math.floor(milliseconds * 1e6),
    }
    this.#past.push(event)
    if (this.#past.length > REMEMBERED) this.#past.shift()
    for (const listener of this.#listeners) listener(event)
  }

  /** Finer than Date.now(), but with it: the machine may be put to sleep, and its clock be set. */
  #now(): number {
    const clock = Date.now()
    const told = this.#began + performance.now()
    if (Math.abs(clock - told) < CLOCK_STEP) return told
    this.#began = clock - performance.now()
    return clock
  }

  /**
   * The events since `since`, and from now on those that come, until `until` or until `signal` aborts. The
   * subscription stands when this returns. To one who is too far behind, no more is told.
   * @throws TscomposeError ENGINE_STREAM_FAILED while iterating, after all that waited
   */
  subscribe({ since, until, filters }: EventsOptions, signal: AbortSignal): AsyncIterable<EventMessage> {
    const wanted = eventFilter(filters)
    const from = since ? parseMoment(since) : undefined
    const to = until ? parseMoment(until) : Number.POSITIVE_INFINITY
    const happened = ({ timeNano }: EventMessage) => timeNano / 1e6
    const past = (from === undefined ? [] : this.#past).filter(
      event => happened(event) >= (from ?? 0) && happened(event) <= to && wanted(event),
    )
    if (to <= Date.now()) return iterate(past)
    return this.#listen(past, wanted, to, signal)
  }

  #listen(
    queue: EventMessage[],
    wanted: (event: EventMessage) => boolean,
    to: number,
    signal: AbortSignal,
  ): AsyncIterable<EventMessage> {
    let wake = Promise.withResolvers<void>()
    let over = signal.aborted
    let tooSlow = false
    const listener = (event: EventMessage) => {
      if (!wanted(event)) return
      queue.push(event)
      if (queue.length >= MOST_WAITING) {
        tooSlow = true
        end()
      }
      wake.resolve()
    }
    // Also what nobody ever reads ends with the signal: a generator that was not begun has no `finally`.
    const end = () => {
      over = true
      this.#listeners.delete(listener)
      signal.removeEventListener('abort', end)
      clearTimeout(timer)
      wake.resolve()
    }
    this.#listeners.add(listener)
    signal.addEventListener('abort', end, { once: true })
    const timer = Number.isFinite(to) ? setLongTimeout(end, to - Date.now()) : undefined
    return (async function* () {
      try {
        while (!over) {
          yield* queue.splice(0)
          if (over || queue.length > 0) continue
          await wake.promise
          wake = Promise.withResolvers<void>()
        }
        yield* queue.splice(0)
        if (tooSlow) throw behind()
      } finally {
        end()
      }
    })()
  }
}

const behind = () =>
  new TscomposeError('ENGINE_STREAM_FAILED', `the events were not read for too long: ${MOST_WAITING} of them waited`)

async function* iterate<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

/** setTimeout(), which takes more than 2 ** 31 - 1 ms as 1 ms. */
const setLongTimeout = (callback: () => void, milliseconds: number): NodeJS.Timeout =>
  setTimeout(callback, Math.min(milliseconds, 2 ** 31 - 1))
