import type { Context } from '../context.ts'
import { isRestarting, notRunning, stateConflict } from '../failures.ts'
import type { Container } from './container.ts'
import { emitContainer } from './events.ts'
import { pauseHealth, resumeHealth } from './health.ts'

export async function pauseContainer(context: Context, container: Container): Promise<void> {
  await container.serial.run(() => freeze(context, container))
}

export async function unpauseContainer(context: Context, container: Container): Promise<void> {
  await container.serial.run(async () => {
    if (container.state.status !== 'paused') throw stateConflict(`Container ${container.id} is not paused`)
    await thaw(context, container)
    emitContainer(context, container, 'unpause')
  })
}

/**
 * Does something while a container stands still; called within its `serial`. If the engine is killed meanwhile, the
 * next one lets the container go on. One that does not run, or is paused already, is left as it is.
 */
export async function whilePaused<T>(context: Context, container: Container, work: () => Promise<T>): Promise<T> {
  const { state, run } = container
  if (state.status !== 'running' || !run) return await work()
  await freeze(context, container, { forCommit: true })
  try {
    return await work()
  } finally {
    // A signal that ends the container has thawed it.
    if (container.state.status === 'paused') {
      await thaw(context, container)
      emitContainer(context, container, 'unpause')
    }
  }
}

async function freeze(context: Context, container: Container, why: { readonly forCommit?: true } = {}): Promise<void> {
  const { run, state, id } = container
  if (state.status === 'paused') throw stateConflict(`container ${id} is already paused`)
  if (state.status === 'restarting') throw isRestarting(id)
  if (state.status !== 'running' || !run) throw notRunning(id)
  // First on disk: an engine that is killed in between leaves none that stands still and is said to run.
  await container.update({ state: { ...state, ...why, status: 'paused' } })
  try {
    await run.process.pause()
  } catch (error) {
    await container.update({ state })
    throw error
  }
  pauseHealth(run)
  emitContainer(context, container, 'pause')
}

/** Lets a paused container go on; nothing happens to another one. */
export async function thaw(context: Context, container: Container): Promise<void> {
  const { run, state } = container
  if (state.status !== 'paused' || !run) return
  await run.process.unpause()
  const { pid, startedAt } = state
  await container.update({ state: { status: 'running', pid, startedAt } })
  resumeHealth(context, container, run)
}
