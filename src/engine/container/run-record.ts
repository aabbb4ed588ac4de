import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Health } from '../../health/health.ts'
import type { Sandbox } from '../../network/network.ts'
import type { ContainerSpec } from '../../runtime/spec.ts'
import type { Context } from '../context.ts'
import { readJson, removeFile } from '../store/json-file.ts'
import { RecordFile } from '../store/record.ts'
import type { Container } from './container.ts'

/**
 * What the next engine needs to take over a container that runs. It lies in the run-time directory, where it is gone
 * after a restart of the machine like the container itself, and so need not be synced to a disk.
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

const fileOf = ({ directories }: Context, id: string): string => join(directories.runs, `${id}.json`)

/** Writes down what a container has at this moment. */
export async function saveRun(context: Context, container: Container, spec: ContainerSpec): Promise<void> {
  const { sandbox, health, run } = container
  const savedAt = run?.process.startedAt.getTime() ?? Date.now()
  container.runFile ??= new RecordFile<RunRecord>(fileOf(context, container.id), { durable: false })
  await container.runFile.write({ version: 1, savedAt, spec, ...(sandbox && { sandbox }), ...(health && { health }) })
}

export async function removeRun(context: Context, container: Container): Promise<void> {
  const file = container.runFile
  container.runFile = undefined
  await file?.remove()
  await forgetRun(context, container.id)
}

/** Removes the record of a run that an earlier engine has left. */
export async function forgetRun(context: Context, id: string): Promise<void> {
  await removeFile(fileOf(context, id))
}

/** The records of all containers that an earlier engine had running. */
export async function readRuns(context: Context): Promise<ReadonlyMap<string, RunRecord>> {
  const names = await readdir(context.directories.runs).catch(() => [])
  const runs = new Map<string, RunRecord>()
  for (const name of names.filter(name => name.endsWith('.json'))) {
    const found = await readJson(join(context.directories.runs, name), isRunRecord)
    if ('value' in found) runs.set(found.value.spec.id, revive(found.value))
    else if ('setAside' in found) context.report(`damaged record of a running container set aside as ${found.setAside}`)
  }
  return runs
}

/** The times of probes are text in the file. */
function revive(record: RunRecord): RunRecord {
  if (!record.health) return record
  const log = record.health.log.map(result => ({ ...result, start: new Date(result.start), end: new Date(result.end) }))
  return { ...record, health: { ...record.health, log } }
}
