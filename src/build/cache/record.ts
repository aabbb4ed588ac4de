import type { Digest } from '../../image/image.ts'
import type { Layer } from '../../image/state.ts'
import type { Key } from '../key.ts'

/** A step that was carried out, and the layer it made. Later builds find it by its key. */
export interface CacheRecord {
  readonly key: Key
  /** What the layer is called in the key of a stack; never changes. */
  readonly id: string
  /** The name of the layer's directory in the image store. */
  readonly directory: string
  /** Bytes of the layer's files. */
  readonly size: number
  /** RFC 3339 */
  readonly created: string
  /** Milliseconds since 1970. */
  readonly used: number
  /** How often a later build has taken it. */
  readonly uses: number
  readonly about: StepDescription
  /** The layer's archive, once somebody needed it: its digest is the layer's diff id. */
  readonly archive?: {
    readonly digest: Digest
    readonly size: number
    /** How the image store has it, of a layer that came from elsewhere: maybe compressed. */
    readonly blob?: Layer['blob']
  }
}

/** What went into a step, to find out what is different the next time. */
export interface StepDescription {
  /** The stack it was carried out on. */
  readonly parent: Key
  /** `RUN`, `COPY`, `ADD`, `WORKDIR` */
  readonly keyword: string
  /** As the Dockerfile has it, with the variables' values. */
  readonly text: string
  /** Arguments and variables. Values that may be confidential are not among them. */
  readonly variables: Readonly<Record<string, string>>
  /** Digests of the files it read, by path; shortened, and not of more than some thousands. */
  readonly files: Readonly<Record<string, string>>
}

/** What the last build of a directory has come through. */
export interface ProjectUse {
  readonly directory: string
  /** Steps, and the names of directories of cache mounts. */
  readonly keys: readonly Key[]
}

/** A line of the journal. */
export type JournalLine =
  | { readonly add: CacheRecord }
  | { readonly use: readonly Key[]; readonly at: number }
  | { readonly archive: Key; readonly digest: Digest; readonly size: number }
  | { readonly remove: readonly Key[] }
  /** `last` is absent for a project that is gone. */
  | { readonly project: string; readonly last?: ProjectUse }

export function isJournalLine(value: unknown): value is JournalLine {
  const { add, use, archive, digest, remove, project, last } = (value ?? {}) as Record<string, unknown>
  if (add !== undefined) {
    const { key, id, directory, size, about } = (add ?? {}) as Partial<CacheRecord>
    return (
      [key, id, directory].every(text => typeof text === 'string') && typeof size === 'number' && about !== undefined
    )
  }
  if (project !== undefined) {
    const { directory, keys } = (last ?? { directory: '', keys: [] }) as Partial<ProjectUse>
    return typeof project === 'string' && typeof directory === 'string' && Array.isArray(keys)
  }
  return Array.isArray(use) || Array.isArray(remove) || (typeof archive === 'string' && typeof digest === 'string')
}

/** The records that a journal comes to. */
export function replay(lines: Iterable<JournalLine>): Map<Key, CacheRecord> {
  const records = new Map<Key, CacheRecord>()
  const change = (key: Key, next: (record: CacheRecord) => CacheRecord) => {
    const record = records.get(key)
    if (record) records.set(key, next(record))
  }
  for (const line of lines) {
    if ('add' in line) records.set(line.add.key, line.add)
    else if ('use' in line)
      for (const key of line.use) change(key, record => ({ ...record, used: line.at, uses: record.uses + 1 }))
    else if ('archive' in line)
      change(line.archive, record => ({ ...record, archive: { digest: line.digest, size: line.size } }))
    else if ('remove' in line) for (const key of line.remove) records.delete(key)
  }
  return records
}

/** The projects that a journal comes to. */
export function replayProjects(lines: Iterable<JournalLine>): Map<string, ProjectUse> {
  const projects = new Map<string, ProjectUse>()
  for (const line of lines) {
    if (!('project' in line)) continue
    if (line.last) projects.set(line.project, line.last)
    else projects.delete(line.project)
  }
  return projects
}
