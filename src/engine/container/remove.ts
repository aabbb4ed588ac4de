import { messageOf } from '../../errors.ts'
import type { Context } from '../context.ts'
import { stateConflict } from '../failures.ts'
import { dismissWaiting } from './attach.ts'
import type { Container } from './container.ts'
import { emitContainer } from './events.ts'
import { releaseContainer } from './release.ts'
import { forgetRuns } from './run-record.ts'
import { isRunning } from './state.ts'
import { killContainer } from './stop.ts'

export interface RemoveOptions {
  /** Kills a container that runs. */
  readonly force?: boolean
  /** Removes the volumes that were made for this container only, too. */
  readonly volumes?: boolean
}

/** Removes a container with its writable layer and its log. @throws TscomposeError ENGINE_CONTAINER_STATE */
export async function removeContainer(
  context: Context,
  container: Container,
  { force = false, volumes = false }: RemoveOptions,
): Promise<void> {
  const { id, name } = container
  if (container.removing) throw stateConflict(`removal of container ${name} is already in progress`)
  assertRemovable(container, force)
  container.removing = true
  try {
    // A start that was under way when this began comes first, and is undone.
    do {
      assertRemovable(container, force)
      if (isRunning(container.state)) await killContainer(context, container)
    } while (!(await container.serial.run(() => removeStopped(context, container))))
  } catch (error) {
    container.removing = false
    throw error
  }
  context.execs.forgetContainer(id)
  dismissWaiting(container)
  container.announceRemoval()
  emitContainer(context, container, 'destroy')
  if (volumes) await removeAnonymousVolumes(context, container)
}

function assertRemovable({ name, state }: Container, force: boolean): void {
  if (force || !isRunning(state)) return
  const why =
    state.status === 'paused'
      ? 'container is paused and must be unpaused first'
      : `container is ${state.status}: stop the container before removing or force remove`
  throw stateConflict(`cannot remove container "/${name}": ${why}`)
}

/** @returns false if it runs again */
async function removeStopped(context: Context, container: Container): Promise<boolean> {
  if (isRunning(container.state)) return false
  await releaseContainer(context, container)
  // With its record the directory is rubbish, all at once: the container does not come back.
  container.forget()
  context.rubbish.discard(container.directory.root, container.id)
  forgetRuns(context, container.id)
  context.containers.delete(container)
  return true
}

async function removeAnonymousVolumes(context: Context, { record, name }: Container): Promise<void> {
  for (const mount of record.mounts) {
    if (mount.type !== 'volume' || !mount.anonymous) continue
    await context.volumes
      .remove(mount.name, true)
      .catch(error => context.report(`container ${name}: ${messageOf(error)}`))
  }
}
