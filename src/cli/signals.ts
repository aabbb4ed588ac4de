import { getEventListeners } from 'node:events'

export interface Signals extends Disposable {
  readonly first: AbortSignal
  readonly second: AbortSignal
}

/** The first SIGINT or SIGTERM asks to end, the second insists. Where nobody listens to either, the program ends. */
export function listenToSignals(): Signals {
  const first = new AbortController()
  const second = new AbortController()
  const listener = (name: NodeJS.Signals) => {
    const next = first.signal.aborted ? second : first
    if (next.signal.aborted || getEventListeners(next.signal, 'abort').length === 0) process.exit(130)
    next.abort(new DOMException(`interrupted by ${name}`, 'AbortError'))
  }
  process.on('SIGINT', listener).on('SIGTERM', listener)
  return {
    first: first.signal,
    second: second.signal,
    [Symbol.dispose]: () => void process.off('SIGINT', listener).off('SIGTERM', listener),
  }
}
