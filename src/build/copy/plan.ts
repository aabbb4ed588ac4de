import { posix } from 'node:path'
import { TscomposeError, type Where } from '../../errors.ts'
import type { FileTree, Match } from '../context/context.ts'
import type { Chmod } from '../dockerfile/step.ts'
import { changeMode } from './chmod.ts'
import type { Destination } from './destination.ts'
import type { Content, LayerEntry } from './layer-entry.ts'

/** What is copied: what a source has matched in a tree, or a file whose contents are known. */
export type CopySource =
  | { readonly kind: 'match'; readonly tree: FileTree; readonly match: Match }
  | { readonly kind: 'file'; readonly name: string; readonly bytes: Uint8Array; readonly mode: number }

export interface CopyRequest {
  /** In the order of the instruction. */
  readonly sources: readonly CopySource[]
  /** Absolute; ends with a slash where it has to be a directory. */
  readonly target: string
  /** Who owns what is copied; undefined keeps the owners of trees that have some. */
  readonly owner?: { readonly uid: number; readonly gid: number }
  readonly chmod?: Chmod
  /** The target is a directory, and is made although nothing may be copied into it here. */
  readonly directory: boolean
  /** Entries keep the path they have in the tree (`--parents`). */
  readonly parents: boolean
  /** For directories on the way that are not there yet, and what has no time of its own. Nanoseconds. */
  readonly now: bigint
  /** What everything gets in place of its own time (SOURCE_DATE_EPOCH). */
  readonly mtime?: bigint
  readonly where: Where
}

/**
 * The entries of the layer that a COPY or an ADD makes: the directories above the target, then what is copied. Of two
 * files that go to the same path the later one stays.
 * @throws TscomposeError BUILD_COPY_CONFLICT where something is in the way
 */
export function planCopy(request: CopyRequest, destination: Destination): CopyPlan {
  const plan = new LayerPlan(request, destination)
  const { sources, target, parents } = request
  const isDirectory = (source: CopySource) => source.kind === 'match' && source.match.entries[0]?.type === 'directory'
  const found = destination.resolve(target)
  const intoDirectory =
    target.endsWith('/') || parents || request.directory || sources.length > 1 || found.kind === 'directory'
  if (sources.length > 1 && !target.endsWith('/') && found.kind !== 'directory')
    throw conflict(
      request,
      `When using COPY or ADD with more than one source file, the destination must be a directory and end with a /`,
    )
  if (found.kind === 'other' && (intoDirectory || sources.some(isDirectory)))
    throw conflict(request, `cannot copy to non-directory: ${found.path}`)
  for (const source of sources) {
    if (source.kind === 'file') plan.file(source, intoDirectory ? join(found.path, source.name) : found.path)
    else if (parents || isDirectory(source)) plan.tree(source.tree, source.match, found.path)
    else plan.tree(source.tree, source.match, intoDirectory ? join(found.path, source.match.name) : found.path)
  }
  if (request.directory) plan.directory(found.path)
  return { entries: plan.entries(), target: inLayer(found.path) }
}

export interface CopyPlan {
  readonly entries: readonly LayerEntry[]
  /** Where the target is in the layer. */
  readonly target: string
}

const join = (directory: string, name: string): string => posix.join(directory, name)
const inLayer = (path: string): string => path.replace(/^\/+|\/+$/g, '')

const conflict = ({ where }: CopyRequest, message: string) =>
  new TscomposeError('BUILD_COPY_CONFLICT', message, { where })

class LayerPlan {
  readonly #entries = new Map<string, LayerEntry>()
  readonly #request: CopyRequest
  readonly #destination: Destination

  constructor(request: CopyRequest, destination: Destination) {
    this.#request = request
    this.#destination = destination
  }

  entries(): readonly LayerEntry[] {
    // A directory comes before what is in it: `a` is the beginning of `a/b`.
    return [...this.#entries.values()].sort((a, b) => compare(a.path, b.path))
  }

  file({ bytes, mode }: Extract<CopySource, { kind: 'file' }>, path: string): void {
    const { owner = { uid: 0, gid: 0 }, now } = this.#request
    const content: Content = { from: 'bytes', bytes }
    this.#put({
      path: inLayer(path),
      type: 'file',
      mode: this.#mode(mode, 'file'),
      ...owner,
      mtime: this.#time(now),
      content,
    })
  }

  directory(path: string): void {
    this.#parents(`${inLayer(path)}/.`)
  }

  tree(tree: FileTree, { entries }: Match, path: string): void {
    const { owner } = this.#request
    for (const entry of entries) {
      const { name, type, mode, uid, gid, mtime, size, target, rdev } = entry
      this.#put({
        path: inLayer(join(path, name)),
        type,
        mode: this.#mode(mode, type),
        ...(owner ?? { uid, gid }),
        mtime: this.#time(mtime),
        ...(target !== undefined && { target }),
        ...(rdev && { rdev }),
        ...(type === 'file' && { content: { from: 'tree', tree, path: entry.path, size } }),
      })
    }
  }

  #put(entry: LayerEntry): void {
    const { path, type } = entry
    if (path === '') return // the root of the layer is that of the image
    this.#parents(path)
    const before = this.#entries.get(path)
    if (before && (before.type === 'directory') !== (type === 'directory'))
      throw conflict(this.#request, `cannot copy to non-directory: /${path}`)
    if (type !== 'directory') {
      if (this.#lookup(path) === 'directory') throw conflict(this.#request, `cannot overwrite directory: /${path}`)
      this.#entries.set(path, entry)
    } else if (!before) this.#entries.set(path, this.#existing(path) ?? entry)
  }

  /** The directories above a path, as they are; those that are missing are made. */
  #parents(path: string): void {
    const parent = path.slice(0, Math.max(path.lastIndexOf('/'), 0))
    const known = this.#entries.get(parent)
    if (known && known.type !== 'directory') throw conflict(this.#request, `cannot copy to non-directory: /${parent}`)
    if (parent === '' || known) return
    this.#parents(parent)
    const { owner = { uid: 0, gid: 0 }, now } = this.#request
    const made: LayerEntry = { path: parent, type: 'directory', mode: 0o755, ...owner, mtime: this.#time(now) }
    this.#entries.set(parent, this.#existing(parent) ?? made)
  }

  /** A directory that is there keeps what it is. */
  #existing(path: string): LayerEntry | undefined {
    if (this.#lookup(path) === 'missing') return undefined
    const directory = this.#destination.directory(`/${path}`)
    if (!directory) throw conflict(this.#request, `cannot copy to non-directory: /${path}`)
    return { path, type: 'directory', ...directory }
  }

  readonly #kinds = new Map<string, 'directory' | 'other' | 'missing'>()

  /** What is at a path below; nothing is below what is missing. */
  #lookup(path: string): 'directory' | 'other' | 'missing' {
    if (path === '') return 'directory'
    const known = this.#kinds.get(path)
    if (known) return known
    const above = this.#lookup(path.slice(0, Math.max(path.lastIndexOf('/'), 0)))
    const found = above === 'directory' ? this.#destination.resolve(`/${path}`) : undefined
    // What leads elsewhere is a link, and no directory to copy into.
    const kind = !found ? 'missing' : found.kind === 'directory' && found.path !== `/${path}` ? 'other' : found.kind
    this.#kinds.set(path, kind)
    return kind
  }

  #mode(mode: number, type: LayerEntry['type']): number {
    const { chmod } = this.#request
    if (!chmod || type === 'symlink') return mode
    return 'mode' in chmod ? chmod.mode : changeMode(mode, chmod.symbolic, type === 'directory')
  }

  #time(mtime: bigint): bigint {
    return this.#request.mtime ?? mtime
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
