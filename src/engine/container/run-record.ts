import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Health } from '../../health/health.ts'
import type { Sandbox } from '../../network/network.ts'
import type { ContainerSpec } from '../../runtime/spec.ts'
import type { Context } from '../context.ts'
import { messageOf } from '../failures.ts'
import { removeFile } from '../store/json-file.ts'
import type { Container } from './container.ts'
import type { Run } from './run.ts'

/**
 * What the next engine needs to take over a container that runs. It lies in the run-time directory, where it is gone
 * after a restart of the machine like the container itself, and need not be synced to a disk.
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

/**
 * Writes down what a container is about to be launched with. Half a record is as good as none: nothing runs yet, so
 * the new name need not wait for the whole text.
 */
export function saveNewRun(container: Container, spec: ContainerSpec): void {
  const { directory, sandbox } = container
  container.runs++
  const record: RunRecord = { version: 1, savedAt: Date.now(), spec, ...(sandbox && { sandbox }) }
  writeFileSync(join(directory.run, NAME), JSON.stringify(record), { mode: 0o600 })
}

/** Writes down what a container that runs has now. */
export function saveRun({ directory, sandbox, health }: Container, { process, spec }: Run): void {
  const savedAt = process.startedAt.getTime()
  const record: RunRecord = { version: 1, savedAt, spec, ...(sandbox && { sandbox }), ...(health && { health }) }
  const file = join(directory.run, NAME)
  writeFileSync(`${file}.tmp`, JSON.stringify(record), { mode: 0o600 })
  renameSync(`${file}.tmp`, file)
}

const SANDBOX = 'sandbox.json'

/** Writes down the network of a container that has ended, for as long as other containers live in it. */
export function saveSandbox({ directory, sandbox }: Container): void {
  writeFileSync(join(directory.run, SANDBOX), JSON.stringify(sandbox), { mode: 0o600 })
}

/** @returns undefined where nobody lived in it when an earlier engine ended */
export function readSandbox({ directory }: Container): Sandbox | undefined {
  try {
    return JSON.parse(readFileSync(join(directory.run, SANDBOX), 'utf8')) as Sandbox
  } catch {
    return undefined // The namespace is an orphan then, and is taken away.
  }
}

export const forgetSandbox = ({ directory }: Container): void => removeFile(join(directory.run, SANDBOX))

/** The run is over. Until that is written down the next engine finds it out by the run's record, so that goes last. */
export async function removeRun(container: Container): Promise<void> {
  const { runs, directory } = container
  await container.written()
  if (container.runs === runs) removeFile(join(directory.run, NAME))
}

/** Removes all that was made for the runs of a container that is no more. */
export function forgetRuns({ directories }: Pick<Context, 'directories'>, id: string): void {
  rmSync(join(directories.runs, id), { recursive: true, force: true })
}

/** The records of all containers that an earlier engine had running, by their ids; undefined for those that ended. */
export function readRuns({ directories, report }: Context): ReadonlyMap<string, RunRecord | undefined> {
  return new Map(readdirSync(directories.runs).map(id => [id, readRun(join(directories.runs, id, NAME), report)]))
}

function readRun(file: string, report: (message: string) => void): RunRecord | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (isRunRecord(record)) return revive(record)
    report(`${file} is no record of a run`)
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      report(`${file}: ${messageOf(error)}`)
    }
  }
  return undefined
}

/** The times of probes are text in the file. */
function revive(record: RunRecord): RunRecord {
  if (!record.health) return record
  const log = record.health.log.map(result => ({ ...result, start: new Date(result.start), end: new Date(result.end) }))
  return { ...record, health: { ...record.health, log } }
}
