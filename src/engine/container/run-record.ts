import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../errors.ts'
import type { Health } from '../../health/health.ts'
import type { Sandbox } from '../../network/network.ts'
import { forgetExit } from '../../runtime/exit-record.ts'
import type { ContainerSpec } from '../../runtime/spec.ts'
import type { Context } from '../context.ts'
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
  return (
    typeof record === 'object' &&
    record?.version === 1 &&
    typeof record.spec?.id === 'string' &&
    typeof record.spec.namespaces === 'object' &&
    (record.sandbox === undefined || isSandbox(record.sandbox))
  )
}

const NAME = 'run.json'

/**
 * Writes down what a container is about to be launched with. Half a record is as good as none: nothing runs yet, so
 * the new name need not wait for the whole text. The exit of the run before is no exit of this one, should the engine
 * be killed before its launch gets anywhere.
 */
export function saveNewRun(container: Container, spec: ContainerSpec): void {
  const { directory, sandbox } = container
  container.runs++
  forgetExit(directory.root)
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
export const readSandbox = ({ directory }: Container, report: (message: string) => void): Sandbox | undefined =>
  readRunFile(join(directory.run, SANDBOX), isSandbox, report) // Without it the namespace is an orphan, and taken away.

function isSandbox(value: unknown): value is Sandbox {
  const { containerId, netnsPath, endpoints } = (value ?? {}) as Partial<Sandbox>
  return typeof containerId === 'string' && typeof netnsPath === 'string' && Array.isArray(endpoints)
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
  const ids = readdirSync(directories.runs, { withFileTypes: true }).filter(entry => entry.isDirectory())
  return new Map(
    ids.map(({ name }) => {
      const record = readRunFile(join(directories.runs, name, NAME), isRunRecord, report)
      return [name, record && revive(record)]
    }),
  )
}

/** What is not what it should be is reported and set aside: it goes with the machine's memory. */
function readRunFile<T>(
  file: string,
  isWhole: (value: unknown) => value is T,
  report: (message: string) => void,
): T | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (isWhole(value)) return value
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code !== undefined && code !== 'EISDIR') {
      report(`${file}: ${messageOf(error)}`)
      return undefined
    }
  }
  const setAside = `${file}.damaged-${Date.now()}`
  renameSync(file, setAside)
  report(`damaged record of a run set aside as ${setAside}`)
  return undefined
}

/** The times of probes are text in the file. */
function revive(record: RunRecord): RunRecord {
  if (!record.health) return record
  const log = record.health.log.map(result => ({ ...result, start: new Date(result.start), end: new Date(result.end) }))
  return { ...record, health: { ...record.health, log } }
}
