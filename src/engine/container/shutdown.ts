import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../errors.ts'
import type { Context } from '../context.ts'
import type { Container } from './container.ts'
import { graceSecondsOf, stopSignalOf } from './stop.ts'

/**
 * Ends the programs of all containers, as before the machine goes down: each is asked by its own signal, and has its own
 * time of grace. The engine is about to end too and writes nothing of it down: what its monitors do is found by the next
 * one, which takes no end that it has not seen for somebody's wish, and so starts again what is to be.
 * @param context of an engine that is closing
 */
export async function endContainers(context: Context): Promise<void> {
  await Promise.all(
    context.containers
      .all()
      .map(container =>
        endContainer(container).catch(error => context.report(`container ${container.name}: ${messageOf(error)}`)),
      ),
  )
}

async function endContainer(container: Container): Promise<void> {
  const { run, state } = container
  if (!run) return
  const { process } = run
  const gone = new AbortController()
  const exited = process.exited.finally(() => gone.abort())
  process.kill(stopSignalOf(container))
  // A frozen process gets its signals when it thaws.
  if (state.status === 'paused') await process.unpause()
  const seconds = graceSecondsOf(container)
  if (seconds >= 0)
    sleep(Math.min(seconds * 1000, 2 ** 31 - 1), undefined, { signal: gone.signal }).then(
      () => process.kill(constants.signals.SIGKILL),
      () => undefined, // it has ended by itself
    )
  await exited
}
