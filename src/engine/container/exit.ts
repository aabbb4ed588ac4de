import { setImmediate } from 'node:timers/promises'
import { messageOf } from '../../errors.ts'
import type { ExitStatus } from '../../runtime/runtime.ts'
import type { Context } from '../context.ts'
import { isShortage } from '../machine-error.ts'
import type { Container } from './container.ts'
import { emitContainer, emitEndpoints, emitMounts } from './events.ts'
import { resumeHealth, watchContainerHealth } from './health.ts'
import { releaseContainer } from './release.ts'
import { removeContainer } from './remove.ts'
import { restartDelayMs, restarts } from './restart-policy.ts'
import type { Run } from './run.ts'
import { launchContainer } from './start.ts'
import type { Ended } from './state.ts'

/** Why what goes along with a run ends; made once, since the stack of a new one costs more than all the rest. */
const over = new Error('the run is over')

/** Waits for the end of a run, and watches the container's health meanwhile. */
export function watchRun(context: Context, container: Container, run: Run, adopted = false): void {
  if (!adopted) watchContainerHealth(context, container, run)
  else if (container.state.status !== 'paused') resumeHealth(context, container, run)
  run.process.exited
    .then(exit => container.serial.run(() => handleExit(context, container, exit)))
    .catch(error => context.report(`container ${container.name}: ${messageOf(error)}`))
}

/**
 * A program has ended: tells the world, gives back what it held, and starts it again if its policy says so.
 * @param startAgain does so, or sees to it; given how long the program ran, in milliseconds
 */
export async function handleExit(
  context: Context,
  container: Container,
  exit: ExitStatus,
  startAgain = (ranMs: number): void => scheduleRestart(context, container, ranMs),
): Promise<void> {
  if (context.closing.aborted) return // the next engine takes it over
  const { record, state, run } = container
  container.run = undefined
  run?.over.abort(over)
  if (container.health) container.health = { ...container.health, status: 'unhealthy' } // as Docker calls what ended
  const startedAt = 'startedAt' in state ? state.startedAt : exit.finishedAt.toISOString()
  const ended: Ended = {
    startedAt,
    finishedAt: exit.finishedAt.toISOString(),
    exitCode: exit.exitCode,
    oomKilled: exit.oomKilled,
    ...(exit.memoryPeak !== undefined && { memoryPeak: exit.memoryPeak }),
    error: '',
  }
  const ranMs = Math.max(0, exit.finishedAt.getTime() - Date.parse(startedAt)) // the clock may have been set back
  const restart = !container.removing && !container.restarting && shouldRestart(container, exit.exitCode)
  const written = restart
    ? container.update({ state: { status: 'restarting', ...ended }, restartCount: record.restartCount + 1 })
    : container.updateSoon({ state: { status: 'exited', ...ended } }) // the monitor has written it down, too
  written.catch(error => context.report(messageOf(error)))
  if (exit.oomKilled) emitContainer(context, container, 'oom')
  emitContainer(context, container, 'die', {
    exitCode: String(exit.exitCode),
    execDuration: String(Math.floor(ranMs / 1000)),
  })
  const keepSandbox = restart || container.restarting
  if (!keepSandbox && container.sandbox) {
    emitEndpoints(
      context,
      container,
      container.sandbox.endpoints.map(({ networkId }) => networkId),
      'disconnect',
    )
  }
  emitMounts(context, container, 'unmount')
  container.announceExit()
  context.execs.forgetContainer(container.id)
  await setImmediate() // whoever waits for the end hears of it before half a millisecond of tidying up
  await releaseContainer(context, container, { keepSandbox })
  if (restart) startAgain(ranMs)
  else if (record.hostConfig.AutoRemove && !container.restarting && !container.removing) {
    // Not from within: the removal waits for its turn like everything else that changes the container.
    void removeContainer(context, container, { force: true, volumes: true }).catch(error =>
      context.report(messageOf(error)),
    )
  }
}

const shouldRestart = ({ record }: Container, exitCode: number): boolean =>
  restarts(record.hostConfig.RestartPolicy ?? { Name: 'no' }, {
    exitCode,
    manuallyStopped: record.manuallyStopped,
    count: record.restartCount,
  })

/** Starts a container again after the delay that its restarts have come to. */
export function scheduleRestart(context: Context, container: Container, ranMs: number): void {
  container.restartDelayMs = restartDelayMs(container.restartDelayMs, ranMs)
  const wait = new DisposableStack()
  wait.use(context.runtime.lookOut(container.id)) // it has no monitor
  const restart = async () => {
    if (!context.closing.aborted && container.state.status === 'restarting') await restartContainer(context, container)
  }
  const timer = setTimeout(
    () => void container.serial.run(restart).finally(() => wait.dispose()),
    container.restartDelayMs,
  )
  wait.defer(() => clearTimeout(timer))
  container.restartWait = wait
}

/**
 * Starts a container by its policy; called within its `serial`. What fails for want of something that the machine may
 * have a moment later (space, memory, processes) is tried again.
 */
export async function restartContainer(context: Context, container: Container): Promise<void> {
  try {
    await launchContainer(context, container)
  } catch (error) {
    context.report(`cannot restart container ${container.name}: ${messageOf(error)}`)
    const { state } = container
    if (!isShortage(error) || !('finishedAt' in state) || context.closing.aborted) return
    container.updateSoon({ state: { ...state, status: 'restarting' } }).catch(() => {})
    scheduleRestart(context, container, 0)
  }
}

/**
 * A container that waits for its restart comes to rest instead; called within its `serial`.
 * @returns false if it was not waiting
 */
export async function cancelRestart(context: Context, container: Container): Promise<boolean> {
  const { state } = container
  if (state.status !== 'restarting') return false
  container.restartWait?.[Symbol.dispose]()
  await container.update({ state: { ...state, status: 'exited' }, manuallyStopped: true })
  container.announceExit()
  await releaseContainer(context, container)
  return true
}
