import { setTimeout } from 'node:timers/promises'
import { W } from './constants.ts'
import { linux } from './kernel.ts'

/**
 * Waits for a child that {@link posixSpawn} made and that is known to be ending; libuv waits for its own children only.
 * @returns its status, see wait(2)
 */
export async function reap(pid: number): Promise<number> {
  const status = Buffer.alloc(4)
  // A process closes its connections some microseconds before it can be waited for; blocking the thread is no option.
  for (let delay = 1; linux.wait4(pid, status, W.NOHANG, null) === 0; delay *= 2) await setTimeout(delay)
  return status.readInt32LE(0)
}
