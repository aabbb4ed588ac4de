import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Health } from '../../health/health.ts'
import type { Sandbox } from '../../network/network.ts'
import type { ContainerSpec } from '../../runtime/spec.ts'
import type { Context } from '../context.ts'
import { messageOf } from '../failures.ts'
import type { Container } from './container.ts'

/**
 * What the next engine needs to take over a container that runs. It lies in the run-time directory, where it is gone
 * after a restart of the machine like the container itself: it need not be synced to a disk, and is written at once.
 */
export interface RunRecord {
  readonly version: 1
  /** When it was written down first, before the launch: milliseconds since the epoch. */
  readonly savedAt: number
  readonly spec: ContainerSpec
  /** Absent where the network is the host's or another container's. */
  readonly sandbox?: Sandbox
  readonly health?: Health
}

function isRunRecord(value: unknown): value is RunRecord {
  const record = value as Partial<RunRecord> | null
  return typeof record === 'object' && record?.version === 1 && typeof record.spec?.id === 'string'
}

const NAME = 'run.json'

/** Writes down what a container has at this moment. */
export function saveRun({ directory, sandbox, health, run }: Container, spec: ContainerSpec): void {
  const savedAt = run?.process.startedAt.getTime() ?? Date.now()
  const record: RunRecord = { version: 1, savedAt, spec, ...(sandbox && { sandbox }), ...(health && { health }) }
  const file = join(directory.run, NAME)
  mkdirSync(directory.run, { recursive: true })
  writeFileSync(`${file}.tmp`, JSON.stringify(record), { mode: 0o600 })
  renameSync(`${file}.tmp`, file)
}

/** Removes what was made for a run that is over. */
export function removeRun({ directory }: Container): void {
  rmSync(directory.run, { recursive: true, force: true })
}

/** Removes what an earlier engine has left of the run of a container that is no more. */
export function forgetRun({ directories }: Context, id: string): void {
  rmSync(join(directories.runs, id), { recursive: true, force: true })
}

/** The records of all containers that an earlier engine had running, by their ids. */
export function readRuns({ directories, report }: Context): ReadonlyMap<string, RunRecord | undefined> {
  return new Map(
    readdirSync(directories.runs).map(id => {
      try {
        const record: unknown = JSON.parse(readFileSync(join(directories.runs, id, NAME), 'utf8'))
        if (isRunRecord(record)) return [id, revive(record)]
        report(`the record of the run of container ${id} is damaged`)
      } catch (error) {
        report(`no record of the run of container ${id}: ${messageOf(error)}`)
      }
      return [id, undefined]
    }),
  )
}

/** The times of probes are text in the file. */
function revive(record: RunRecord): RunRecord {
  if (!record.health) return record
  const log = record.health.log.map(result => ({ ...result, start: new Date(result.start), end: new Date(result.end) }))
  return { ...record, health: { ...record.health, log } }
}
