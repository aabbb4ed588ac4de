import { TscomposeError } from '../../errors.ts'
import type { Engine, EventMessage, EventsOptions } from '../api.ts'
import { CLOSED } from './socket-pool.ts'

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? ''

/** Whether an engine ended in the middle of something, rather than refused it. */
export const isLost = (error: unknown): boolean =>
  error instanceof TscomposeError
    ? error.code === 'ENGINE_UNREACHABLE' || error.code === 'ENGINE_STREAM_INVALID'
    : ['ECONNRESET', CLOSED].includes(codeOf(error))

/** What a UNIX socket says where nobody has read what was sent; unix(7). ECONNRESET: closed with it unread. */
const unread: ReadonlySet<string> = new Set(['EAGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE'])

/** Whether an engine ended before it heard of something: then nothing of that has happened. */
const isUnheard = (error: unknown): boolean =>
  error instanceof TscomposeError &&
  error.code === 'ENGINE_UNREACHABLE' &&
  // Without a cause it is the answer of one that takes no requests any more.
  (error.cause === undefined || unread.has(codeOf(error.cause)))

/** Operations that come to the same when they are asked for again: they change nothing, or have nothing left to do. */
const repeatable: ReadonlySet<string | symbol> = new Set([
  'containerInspect',
  'containerList',
  'containerLogs',
  'containerStart',
  'containerStop',
  'containerTop',
  'imageInspect',
  'imageList',
  'networkInspect',
  'networkList',
  'volumeCreate',
  'volumeInspect',
  'volumeList',
] satisfies (keyof Engine)[])

/** Operations that send what can be sent only once. */
const uploads: ReadonlySet<string | symbol> = new Set([
  'imageBuild',
  'imageImport',
  'imageLoad',
  'putContainerArchive',
] satisfies (keyof Engine)[])

/** How many engines may end one after the other, until that is an error. */
const ATTEMPTS = 3

/**
 * An engine whose end does not matter: containers go on without one, and whoever asks goes on with the next. Of what
 * changes something that holds as long as it was not heard of; otherwise nobody knows how far it came, and it fails.
 * @param revive resolves when an engine answers again
 */
export function steadyEngine<T extends Engine>(engine: T, revive: () => Promise<void>): T {
  const again = async <R>(ask: () => Promise<R>, repeats: (error: unknown) => boolean = isLost): Promise<R> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask()
      } catch (error) {
        if (!repeats(error) || attempt > ATTEMPTS) throw error
      }
      await revive()
    }
  }
  return new Proxy(engine, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name === 'systemEvents')
        return async (options: EventsOptions, signal: AbortSignal) =>
          resumed(await again(() => target.systemEvents(options, signal)), target, options, signal, again)
      if (uploads.has(name) || !operation.test(String(name))) return value.bind(target)
      const repeats = repeatable.has(name) ? isLost : isUnheard
      return (...args: unknown[]) => again(() => value.apply(target, args), repeats)
    },
  })
}

/** What an engine does, as against what is done with the connection to it. */
const operation = /^(system|container|exec|image|build|distribution|network|volume)[A-Z]/

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
