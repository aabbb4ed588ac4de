import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { LOCK } from '../../sys/constants.ts'
import { linux, SystemError } from '../../sys/kernel.ts'

/**
 * Takes a data root for this process. The kernel gives the lock back when the process ends, however it does; the number
 * in the file is only for the message.
 * @throws TscomposeError ENGINE_DATA_LOCKED naming the process that has it
 */
export function lockDataRoot(directory: string): Disposable {
  const file = join(directory, 'engine.lock')
  const fd = openSync(file, 'a+', 0o600) // Node opens everything close-on-exec: no child holds the lock
  try {
    linux.flock(fd, LOCK.EX | LOCK.NB)
  } catch (error) {
    closeSync(fd)
    if (!(error instanceof SystemError) || !['EAGAIN', 'EWOULDBLOCK'].includes(error.code)) throw error
    const owner = readFileSync(file, 'utf8').trim()
    throw new TscomposeError(
      'ENGINE_DATA_LOCKED',
      `another engine${owner ? ` (process ${owner})` : ''} works on ${directory}`,
      { fix: 'Stop it with `tscompose engine stop`, or choose another data root with TSCOMPOSE_DATA.' },
    )
  }
  try {
    ftruncateSync(fd)
    writeSync(fd, `${process.pid}\n`)
  } catch {
    // The disk is full. The lock holds, and the engine is needed to make room.
  }
  return { [Symbol.dispose]: () => closeSync(fd) }
}
