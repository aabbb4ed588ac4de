import { readlinkSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { serve } from './rpc.ts'
import { NetworkService } from './service.ts'

/** By how much of the nice value (sched(7)) this thread comes before others. */
const nicer = 5

/**
 * Programs wait for names, and a lookup takes microseconds: where all processors are busy, unpacking an image for
 * instance, this thread is not to stand in line. setpriority(2) is per thread on Linux.
 */
function hurry(): void {
  const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
  try {
    setPriority(thread, Math.max(getPriority(thread) - nicer, -20))
  } catch {
    // Only root may.
  }
}

if (parentPort) {
  hurry()
  serve(parentPort, new NetworkService())
}
