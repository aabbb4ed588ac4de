import { TscomposeError } from '../../errors.ts'
import type { Engine, EventMessage, EventsOptions } from '../api.ts'

/** Whether an engine ended in the middle of something, rather than refused it. */
export const isLost = (error: unknown): boolean =>
  error instanceof TscomposeError
    ? error.code === 'ENGINE_UNREACHABLE' || error.code === 'ENGINE_STREAM_INVALID'
    : (error as NodeJS.ErrnoException).code === 'ECONNRESET'

/** Operations that change nothing: asked again of the next engine, they have the same answer. */
const questions: ReadonlySet<string | symbol> = new Set([
  'containerInspect',
  'containerList',
  'containerLogs',
  'containerTop',
  'imageInspect',
  'imageList',
  'networkInspect',
  'networkList',
  'volumeInspect',
  'volumeList',
] satisfies (keyof Engine)[])

/**
 * An engine that questions survive the end of: containers go on without one, so what only watches them goes on with
 * the next. Operations that change something fail as ever, since nobody knows how far they came.
 * @param revive resolves when an engine answers again
 */
export function steadyEngine<T extends Engine>(engine: T, revive: () => Promise<void>): T {
  const again = async <R>(ask: () => Promise<R>): Promise<R> => {
    try {
      return await ask()
    } catch (error) {
      if (!isLost(error)) throw error
      await revive()
      return await ask()
    }
  }
  return new Proxy(engine, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name === 'systemEvents')
        return async (options: EventsOptions, signal: AbortSignal) =>
          resumed(await target.systemEvents(options, signal), target, options, signal, again)
      if (!questions.has(name)) return value.bind(target)
      return (...args: unknown[]) => again(() => value.apply(target, args))
    },
  })
}

/** Events from one engine after the other: each once, and those that nobody listened to when they happened, too. */
async function* resumed(
  first: AsyncIterable<EventMessage>,
  engine: Engine,
  options: EventsOptions,
  signal: AbortSignal,
  again: <R>(ask: () => Promise<R>) => Promise<R>,
): AsyncGenerator<EventMessage> {
  let last = Date.now() * 1e6
  for (let stream = first; ; ) {
    try {
      for await (const event of stream) {
        if (stream !== first && event.timeNano <= last) continue
        last = event.timeNano
        yield event
      }
      return
    } catch (error) {
      if (signal.aborted || !isLost(error)) throw error
    }
    // A nanosecond is more than a number of seconds can hold: a little earlier, and what is known left out.
    const since = (last / 1e9 - 0.001).toFixed(6)
    stream = await again(() => engine.systemEvents({ ...options, since }, signal))
  }
}
