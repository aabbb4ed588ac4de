import { unlinkSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { TscomposeError } from '../errors.ts'
import { dateOf } from './protocol.ts'

/** How a process ended, as its monitor wrote it down; `status` is that of wait(2). */
export interface ExitRecord {
  readonly status: number
  readonly startedAt: Date
  readonly finishedAt: Date
}

const NAME = 'exit'

/** Before a new run: how the one before has ended is not how this one ends. */
export function forgetExit(stateDir: string): void {
  try {
    unlinkSync(join(stateDir, NAME)) // rmSync() of Node knows no EROFS
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/**
 * The record of the last run in `stateDir`; undefined while the process runs, and when its monitor could not write.
 * @throws TscomposeError RUNTIME_RECORD_INVALID naming where the file has been set aside
 */
export async function readExitRecord(stateDir: string): Promise<ExitRecord | undefined> {
  const file = join(stateDir, NAME)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    if (error.code === 'EISDIR') return ''
    throw error
  })
  if (text === undefined) return undefined
  const [, status = '', started = '', finished] =
    /^status (\d{1,10})\nstarted (\d{1,19})\nfinished (\d{1,19})\n$/.exec(text) ?? []
  if (finished !== undefined)
    return { status: Number(status), startedAt: dateOf(BigInt(started)), finishedAt: dateOf(BigInt(finished)) }
  const setAside = `${file}.damaged-${Date.now()}`
  await rename(file, setAside)
  throw new TscomposeError('RUNTIME_RECORD_INVALID', `damaged record of an exit set aside as ${setAside}`)
}
