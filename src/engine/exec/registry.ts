import { TscomposeError } from '../../errors.ts'
import type { ExecSession } from './session.ts'

/** How long one can ask about an exec instance that has ended, as with Docker. */
const REMEMBERED_MS = 5 * 60_000

/** The exec instances of all containers. */
export class ExecRegistry {
  readonly #byId = new Map<string, ExecSession>()

  add(session: ExecSession): void {
    this.#byId.set(session.id, session)
  }

  /** @throws TscomposeError ENGINE_EXEC_NOT_FOUND */
  find(id: string): ExecSession {
    const session = this.#byId.get(id)
    if (!session) throw new TscomposeError('ENGINE_EXEC_NOT_FOUND', `No such exec instance: ${id}`)
    return session
  }

  /** Those of a container that have not ended. */
  activeIn(containerId: string): readonly ExecSession[] {
    return [...this.#byId.values()].filter(
      session => session.container.id === containerId && session.state.status !== 'exited',
    )
  }

  /** An instance that has ended is forgotten some time later. */
  forgetLater({ id }: ExecSession): void {
    setTimeout(() => this.#byId.delete(id), REMEMBERED_MS).unref()
  }

  /** Those that never began go with the run of their container; others are still asked for their exit code. */
  forgetContainer(containerId: string): void {
    for (const session of this.#byId.values()) {
      if (session.container.id !== containerId) continue
      if (session.state.status === 'created') this.#byId.delete(session.id)
    }
  }
}
