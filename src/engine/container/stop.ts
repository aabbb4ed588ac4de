import { constants } from 'node:os'
import type { Context } from '../context.ts'
import { notRunning } from '../failures.ts'
import { parseSignal } from '../signals.ts'
import type { Container } from './container.ts'
import { emitContainer } from './events.ts'
import { cancelRestart } from './exit.ts'
import { thaw } from './pause.ts'
import { startContainer } from './start.ts'
import { isAlive, isRunning } from './state.ts'

const DEFAULT_GRACE_SECONDS = 10
const { SIGKILL, SIGTERM, SIGINT, SIGQUIT, SIGABRT } = constants.signals

export interface StopOptions {
  readonly signal?: string
  /** Seconds; -1 waits forever. */
  readonly timeout?: number
}

/** The signal that asks a container to end. */
export const stopSignalOf = ({ record }: Container): number =>
  record.config.StopSignal ? parseSignal(record.config.StopSignal) : SIGTERM

/** How long it may take to end then; -1: for ever. */
export const graceSecondsOf = ({ record }: Container): number => record.config.StopTimeout ?? DEFAULT_GRACE_SECONDS

/**
 * Asks a container to end, and makes it end when its time of grace is over. Resolves when everything it held is given
 * back.
 * @returns false if it was not running
 */
export async function stopContainer(
  context: Context,
  container: Container,
  { signal, timeout }: StopOptions = {},
): Promise<boolean> {
  const number = signal ? parseSignal(signal) : stopSignalOf(container)
  if (!isRunning(container.state)) return false
  const seconds = timeout ?? graceSecondsOf(container)
  if (!(await container.serial.run(() => cancelRestart(context, container)))) {
    await endProcess(context, container, number, seconds < 0 ? undefined : seconds * 1000)
  }
  emitContainer(context, container, 'stop')
  return true
}

async function endProcess(
  context: Context,
  container: Container,
  signal: number,
  graceMs: number | undefined,
): Promise<void> {
  const exited = container.wait('not-running')
  await sendSignal(context, container, signal)
  const grace =
    graceMs === undefined
      ? undefined
      : setTimeout(() => void sendSignal(context, container, SIGKILL), Math.min(graceMs, 2 ** 31 - 1))
  try {
    await exited
  } finally {
    clearTimeout(grace)
  }
  await container.serial.idle()
}

/** Sends a signal; one that ends the container keeps its restart policy from starting it again. */
async function sendSignal(context: Context, container: Container, signal: number): Promise<void> {
  const { run, state } = container
  if (!run) return
  const ends = isEnding(container, signal)
  if (ends) {
    const written = container.update({ manuallyStopped: true }).catch(error => context.report(String(error)))
    // Should the engine be killed before it sees the end, the next one must not start it again.
    if ((container.record.hostConfig.RestartPolicy?.Name || 'no') !== 'no') await written
  }
  run.process.kill(signal)
  emitContainer(context, container, 'kill', { signal: String(signal) })
  // A frozen process gets its signals when it thaws.
  if (!ends || state.status !== 'paused') return
  await thaw(context, container)
  // Nobody sees one go on that is killed.
  if (signal !== SIGKILL) emitContainer(context, container, 'unpause')
}

const isEnding = (container: Container, signal: number): boolean =>
  signal === stopSignalOf(container) || [SIGKILL, SIGTERM, SIGINT, SIGQUIT, SIGABRT].includes(signal)

/** Sends a signal, SIGKILL if none is given; that one is waited for. */
export async function killContainer(context: Context, container: Container, signal?: string): Promise<void> {
  const number = signal ? parseSignal(signal) : SIGKILL
  if (container.state.status === 'restarting' && isEnding(container, number)) {
    if (await container.serial.run(() => cancelRestart(context, container))) return
  }
  if (!isAlive(container.state)) throw notRunning(container.id)
  if (number === SIGKILL) await endProcess(context, container, SIGKILL, undefined)
  else await sendSignal(context, container, number)
}

/** Stops a container and starts it again; its network stays, so nobody who lives in it or talks to it notices more. */
export async function restartContainer(context: Context, container: Container, options: StopOptions): Promise<void> {
  container.restarting = true
  try {
    await stopContainer(context, container, options)
    await startContainer(context, container)
  } finally {
    container.restarting = false
  }
  emitContainer(context, container, 'restart')
}
