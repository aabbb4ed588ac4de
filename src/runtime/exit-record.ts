import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dateOf } from './protocol.ts'

/** How a process ended, as its monitor wrote it down; `status` is that of wait(2). */
export interface ExitRecord {
  readonly status: number
  readonly startedAt: Date
  readonly finishedAt: Date
}

/** The record of the last run in `stateDir`; undefined while the process runs, and when its monitor could not write. */
export async function readExitRecord(stateDir: string): Promise<ExitRecord | undefined> {
  const text = await readFile(join(stateDir, 'exit'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const fields = new Map(text.split('\n').map(line => line.split(' ') as [string, string]))
  const field = (name: string) => BigInt(fields.get(name) ?? 0)
  if (!fields.has('finished')) return undefined
  return {
    status: Number(field('status')),
    startedAt: dateOf(field('started')),
    finishedAt: dateOf(field('finished')),
  }
}
