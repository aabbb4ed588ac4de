import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { TscomposeError } from '../../errors.ts'
import { LOCK } from '../../sys/constants.ts'
import { linux } from '../../sys/kernel.ts'

/** Between two looks at a lock whose holder does not answer, milliseconds. */
const LOOK_AGAIN = 10

/**
 * Takes the lock of a run-time directory, which one engine at a time holds until its process ends, and by which a
 * socket file that nobody listens at is known to be stale.
 * @param answers whether the engine that holds the lock can be connected to
 * @param patience milliseconds to wait for a holder that does not answer: it has just begun, or is about to end
 * @returns undefined if another engine runs
 * @throws TscomposeError ENGINE_START_FAILED naming the holder
 */
export async function acquireLock(
  file: string,
  answers: () => Promise<boolean>,
  patience = 30_000,
): Promise<Disposable | undefined> {
  using undo = new DisposableStack()
  const descriptor = openSync(file, 'a+', 0o600)
  undo.defer(() => closeSync(descriptor))
  // Not a flock() that waits: it would take one of libuv's few threads, and not notice a holder that begins to answer.
  for (const end = performance.now() + patience; !locks(descriptor); await sleep(LOOK_AGAIN)) {
    if (await answers()) return undefined
    if (performance.now() > end) throw silent(file)
  }
  try {
    ftruncateSync(descriptor)
    writeSync(descriptor, `${process.pid}\n`)
  } catch {
    // The disk is full. The lock holds, and the engine is needed to make room.
  }
  return undo.move()
}

function locks(descriptor: number): boolean {
  try {
    linux.flock(descriptor, LOCK.EX | LOCK.NB)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false
    throw error
  }
}

function silent(file: string): TscomposeError {
  const pid = readFileSync(file, 'utf8').trim()
  const message = `another engine (process ${pid}) holds ${file}, but does not answer`
  return new TscomposeError('ENGINE_START_FAILED', message, { fix: `End it: kill ${pid}; containers go on running.` })
}
