import { rm } from 'node:fs/promises'
import { messageOf } from '../../errors.ts'
import type { Context } from '../context.ts'
import { parseNetworkMode } from '../translate/namespace-modes.ts'
import type { Container } from './container.ts'
import { sharedMemoryDirectory } from './namespaces.ts'
import { forgetSandbox, removeRun, saveSandbox } from './run-record.ts'
import { isRunning } from './state.ts'

/**
 * Gives back what a container acquired for a run that is over. What fails is reported and does not keep the rest; it is
 * tried again when the container is removed.
 * @param keepSandbox for a container that is about to run again: its network stays as it is
 */
export async function releaseContainer(
  context: Context,
  container: Container,
  { keepSandbox = false }: { readonly keepSandbox?: boolean } = {},
): Promise<void> {
  if (container.released) return
  const { id, name } = container
  // Before the run's record goes, which tells of it as well: an engine that is killed now leaves it to the next.
  if (container.sandbox && hasGuests(context, container)) saveSandbox(container)
  void removeRun(container).catch(error => context.report(`container ${name}: ${messageOf(error)}`))
  const attempts: Promise<void>[] = [context.runtime.release(id), context.volumes.release(id)]
  if (container.record.hostConfig.IpcMode === 'shareable') {
    attempts.push(rm(sharedMemoryDirectory(context, id), { recursive: true, force: true }))
  }
  if (!keepSandbox) attempts.push(removeSandbox(context, container), releaseDonor(context, container))
  const failures = (await Promise.allSettled(attempts)).filter(({ status }) => status === 'rejected')
  for (const { reason } of failures as PromiseRejectedResult[])
    context.report(`container ${name}: ${messageOf(reason)}`)
  container.released = failures.length === 0 && !container.sandbox
}

/**
 * A network outlives the run of its container as long as others live in it, so that it is there again for the next run;
 * but not the container, after which nobody would know of it, and its networks could never be removed.
 */
async function removeSandbox(context: Context, container: Container): Promise<void> {
  if (!container.sandbox || isRunning(container.state)) return
  if (hasGuests(context, container) && !container.removing) return
  container.sandbox = undefined
  forgetSandbox(container)
  await context.networkLayer.removeSandbox(container.id)
}

/** The last guest of a network whose own container has ended puts out the light. */
async function releaseDonor(context: Context, container: Container): Promise<void> {
  const donor = donorOf(context, container)
  if (!donor?.sandbox || isRunning(donor.state)) return
  await donor.serial.run(async () => await removeSandbox(context, donor))
}

/** The container in whose network another one lives. */
export function donorOf({ containers }: Pick<Context, 'containers'>, { record }: Container): Container | undefined {
  const mode = parseNetworkMode(record.hostConfig.NetworkMode)
  return typeof mode === 'object' && 'container' in mode ? containers.get(mode.container) : undefined
}

const hasGuests = (context: Context, container: Container): boolean =>
  context.containers.all().some(other => isRunning(other.state) && donorOf(context, other) === container)
