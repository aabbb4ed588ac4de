import type { IncomingHttpHeaders } from 'node:http'
import { invalid } from '../../../failures.ts'
import type { ClientSession } from './client-session.ts'

/** How long a request may be there before its session is, in milliseconds: they come on connections of their own. */
const PATIENCE = 10_000

/** The clients that wait to be asked, by the ids that they have given themselves. */
export class Sessions {
  readonly #sessions = new Map<string, ClientSession>()
  readonly #waiting = new Map<string, Set<(session: ClientSession) => void>>()

  /** The id of a client that comes. @throws TscomposeError ENGINE_REQUEST_INVALID for one that is not to be served */
  claim(headers: IncomingHttpHeaders): string {
    const id = headers['x-docker-expose-session-uuid']
    if (typeof id !== 'string' || !/^[\w.:-]{1,128}$/.test(id))
      throw invalid('a session needs an X-Docker-Expose-Session-Uuid')
    if (this.#sessions.has(id)) throw invalid(`session ${id} already exists`)
    return id
  }

  /** Until its connection ends. */
  async serve(session: ClientSession): Promise<void> {
    this.#sessions.set(session.id, session)
    for (const found of this.#waiting.get(session.id) ?? []) found(session)
    await session.closed
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id)
  }

  /** @throws TscomposeError ENGINE_REQUEST_INVALID, or the reason of `signal` */
  async find(id: string, signal: AbortSignal): Promise<ClientSession> {
    signal.throwIfAborted()
    const here = this.#sessions.get(id)
    if (here) return here
    const { promise, resolve, reject } = Promise.withResolvers<ClientSession>()
    const waiting = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, waiting.add(resolve))
    const timer = setTimeout(() => reject(noSession(id)), PATIENCE)
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      waiting.delete(resolve)
      if (waiting.size === 0) this.#waiting.delete(id)
    }
  }
}

const noSession = (id: string) => invalid(`no active session for ${id}`)
