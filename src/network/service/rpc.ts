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

/** Answers the calls that come by `port` with the methods of `object`. */
export function serve(port: MessagePort, object: object): void {
  const methods = object as Record<string, (...args: readonly unknown[]) => unknown>
  port.on('message', async ({ id, method, args }: Call) => {
    try {
      port.postMessage({ id, value: await methods[method]?.(...args) } satisfies Settled)
    } catch (error) {
      port.postMessage({ id, error } satisfies Settled)
    }
  })
}

/** The methods of the object that `worker` serves. Calls arrive in the order in which they are made. */
export function remote<T>(worker: Worker): Remote<T> {
  let last = 0
  const pending = new Map<number, PromiseWithResolvers<unknown>>()
  worker.on('message', ({ id, value, error }: Settled) => {
    const call = pending.get(id)
    pending.delete(id)
    if (pending.size === 0) worker.unref()
    if (error === undefined) call?.resolve(value)
    else call?.reject(error)
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
      worker.postMessage({ id: last, method, args } satisfies Call)
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
