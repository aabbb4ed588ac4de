import type { MessagePort, Worker } from 'node:worker_threads'

/** Calls between the engine's thread and the service's: what is written to the port. */
interface Call {
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}
interface Settled {
  readonly id: number
  readonly value?: unknown
  readonly error?: unknown
}

/** An object whose methods can be called from another thread: arguments and results are copied. */
export type Remote<T> = {
  readonly [Name in keyof T]: T[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never
}

/**
 * Collects what is written until all that is ready to run has run, and posts it in one go: waking the other thread
 * costs more than what is said.
 */
function collecting<Item>(post: (items: readonly Item[]) => void): (item: Item) => void {
  let items: Item[] = []
  return item => {
    if (items.push(item) > 1) return
    process.nextTick(() => {
      const collected = items
      items = []
      post(collected)
    })
  }
}

/** Answers the calls that come by `port` with the methods of `object`. */
export function serve(port: MessagePort, object: object): void {
  const methods = object as Record<string, (...args: readonly unknown[]) => unknown>
  const settle = collecting<Settled>(settled => port.postMessage(settled))
  const answer = async ({ id, method, args }: Call) => {
    try {
      settle({ id, value: await methods[method]?.(...args) })
    } catch (error) {
      settle({ id, error })
    }
  }
  port.on('message', (calls: readonly Call[]) => {
    for (const call of calls) void answer(call)
  })
}

/** The methods of the object that `worker` serves. Calls arrive in the order in which they are made. */
export function remote<T>(worker: Worker): Remote<T> {
  let last = 0
  const pending = new Map<number, PromiseWithResolvers<unknown>>()
  const write = collecting<Call>(calls => worker.postMessage(calls))
  worker.on('message', (settled: readonly Settled[]) => {
    for (const { id, value, error } of settled) {
      const call = pending.get(id)
      pending.delete(id)
      if (error === undefined) call?.resolve(value)
      else call?.reject(error)
    }
    if (pending.size === 0) worker.unref()
  })
  worker.on('exit', () => {
    for (const { reject } of pending.values()) reject(new Error('the network service has ended'))
    pending.clear()
  })
  const call =
    (method: string) =>
    (...args: readonly unknown[]) => {
      const result = Promise.withResolvers<unknown>()
      worker.ref() // the program waits for answers, not for the thread itself
      pending.set(++last, result)
      write({ id: last, method, args })
      return result.promise
    }
  return new Proxy({} as Remote<T>, {
    // A promise is asked for `then` before it is awaited; this is none.
    get: (_, name) => (typeof name === 'string' && name !== 'then' ? call(name) : undefined),
  })
}

/** A call that nobody waits for: calls keep their order, and when the service has ended there is nothing left to tell. */
export function tell(call: Promise<void>): void {
  call.catch(() => {})
}
