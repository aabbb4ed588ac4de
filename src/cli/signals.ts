export interface Signals extends Disposable {
  readonly interrupted: boolean
  readonly first: AbortSignal
  readonly second: AbortSignal
  /** Hands all signals to somebody else, until disposed of. */
  divert(handler: (name: NodeJS.Signals) => void): Disposable
}

/** What `run` forwards. SIGWINCH and SIGCHLD are this process' own affair. */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGCONT', 'SIGALRM'] as const

/**
 * The first SIGINT or SIGTERM asks to end, the second insists. Who takes one of the AbortSignals promises to heed it;
 * where nobody does, the program ends.
 */
export function listenToSignals(): Signals {
  const first = new AbortController()
  const second = new AbortController()
  const heeded = new Set<AbortController>()
  const promise = (controller: AbortController) => {
    heeded.add(controller)
    return controller.signal
  }
  let diverted: ((name: NodeJS.Signals) => void) | undefined
  const listener = (name: NodeJS.Signals) => {
    if (diverted) return diverted(name)
    const next = first.signal.aborted ? second : first
    if (next.signal.aborted || !heeded.has(next)) process.exit(130)
    next.abort(new DOMException(`interrupted by ${name}`, 'AbortError'))
  }
  process.on('SIGINT', listener).on('SIGTERM', listener)
  return {
    get interrupted() {
      return first.signal.aborted
    },
    get first() {
      return promise(first)
    },
    get second() {
      return promise(second)
    },
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
