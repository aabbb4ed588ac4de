import { getEventListeners } from 'node:events'

export interface Signals extends Disposable {
  readonly first: AbortSignal
  readonly second: AbortSignal
  /** Hands all signals to somebody else, until disposed of. */
  divert(handler: (name: NodeJS.Signals) => void): Disposable
}

/** What `run` forwards. SIGWINCH and SIGCHLD are this process' own affair. */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGCONT', 'SIGALRM'] as const

/** The first SIGINT or SIGTERM asks to end, the second insists. Where nobody listens to either, the program ends. */
export function listenToSignals(): Signals {
  const first = new AbortController()
  const second = new AbortController()
  let diverted: ((name: NodeJS.Signals) => void) | undefined
  const listener = (name: NodeJS.Signals) => {
    if (diverted) return diverted(name)
    const next = first.signal.aborted ? second : first
    if (next.signal.aborted || getEventListeners(next.signal, 'abort').length === 0) process.exit(130)
    next.abort(new DOMException(`interrupted by ${name}`, 'AbortError'))
  }
  process.on('SIGINT', listener).on('SIGTERM', listener)
  return {
    first: first.signal,
    second: second.signal,
    divert: handler => {
      diverted = handler
      const others = forwarded.slice(2)
      for (const name of others) process.on(name, handler)
      return {
        [Symbol.dispose]: () => {
          diverted = undefined
          for (const name of others) process.off(name, handler)
        },
      }
    },
    [Symbol.dispose]: () => void process.off('SIGINT', listener).off('SIGTERM', listener),
  }
}
