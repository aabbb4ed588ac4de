import { readFileSync, type Stats, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import type { Where } from '../../errors.ts'
import { TscomposeError } from '../../errors.ts'
import { type FetchRemote, RemoteFiles } from './remote-files.ts'
import type { Lookup } from './template.ts'
import type { Warning } from './warning.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { whereOf } from './yaml/node.ts'
import { Source } from './yaml/source.ts'

export type Environment = Readonly<Record<string, string>>

/** A value that `!reset` took out of the model. */
export interface Forgotten {
  readonly path: string
  readonly node: Node
  readonly where: Where
}

/** Three services that publish every port there is. */
const MAX_PORTS = 200_000

/** What all phases of one load share. */
export class Session {
  readonly cwd: string
  readonly home: string | undefined
  readonly warnings: Warning[] = []
  readonly forgotten: Forgotten[] = []
  readonly remote: RemoteFiles
  readonly #readStdin: () => Promise<Uint8Array>
  readonly #warned = new Set<string>()
  #ports = 0

  constructor(cwd: string, home: string | undefined, readStdin: () => Promise<Uint8Array>, fetchRemote?: FetchRemote) {
    this.remote = new RemoteFiles(fetchRemote)
    this.cwd = cwd
    this.home = home
    this.#readStdin = readStdin
  }

  /** The same words about the same place are said once. */
  readonly warn = (warning: Warning): void => {
    const { message, where } = warning
    const key = `${where?.file}:${where?.line}:${where?.col} ${message}`
    if (this.#warned.has(key)) return
    this.#warned.add(key)
    this.warnings.push(warning)
  }

  /** Bounds what a few short ranges of ports expand to. */
  readonly countPorts = (count: number, at: Node): void => {
    this.#ports += count
    if (this.#ports > MAX_PORTS)
      throw new TscomposeError('COMPOSE_YAML_LIMIT', `the ranges of ports stand for more than ${MAX_PORTS} ports`, {
        where: whereOf(at),
      })
  }

  /** A path as it is shown to the user: relative where that leads downwards. */
  shown(path: string): string {
    const short = relative(this.cwd, path)
    return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short
  }

  /** @param path absolute, or `-` for standard input */
  async read(path: string): Promise<Source> {
    let bytes: Uint8Array
    try {
      // A command has nothing else to do meanwhile, and node:fs/promises takes longer to load than these files to read.
      bytes = path === '-' ? await this.#readStdin() : readFileSync(path)
    } catch (error) {
      throw await this.#unreadable(path, error as NodeJS.ErrnoException)
    }
    return new Source(path, decode(bytes, path), path === '-' ? 'stdin' : this.shown(path))
  }

  async #unreadable(path: string, cause: NodeJS.ErrnoException): Promise<TscomposeError> {
    if (cause.code !== 'ENOENT')
      return new TscomposeError('COMPOSE_FILE_UNREADABLE', `open ${path}: ${reason(cause)}`, { cause })
    const { suggestFile } = await import('./suggest-file.ts')
    return new TscomposeError('COMPOSE_FILE_NOT_FOUND', `open ${path}: no such file or directory`, {
      cause,
      ...(await suggestFile(path)),
    })
  }
}

/** Reads a file that another file names, so that a failure points at the name. */
export const readNamed = (session: Session, path: string, name: Node): Promise<Source> =>
  pointing(name, session.read(path))

/** Fetches a file that another file names. @returns its path on this machine */
export async function fetchNamed({ session }: Scope, reference: string, name: Node): Promise<string> {
  return (await pointing(name, session.remote.get(reference, dirname(name.source.file)))).path
}

/** A failure without a place of its own points at what names the thing. */
async function pointing<T>(name: Node, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof TscomposeError) || error.where) throw error
    const { code, message, fix, cause } = error
    throw new TscomposeError(code, message, { where: whereOf(name), cause, ...(fix === undefined ? {} : { fix }) })
  }
}

const reason = ({ code, message }: NodeJS.ErrnoException): string =>
  ({ EISDIR: 'is a directory', EACCES: 'permission denied' })[code ?? ''] ?? message

/** UTF-8, or UTF-16 if the text begins with its mark. */
function decode(bytes: Uint8Array, path: string): string {
  const [first, second] = bytes
  const wide =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : undefined
  try {
    return new TextDecoder(wide ?? 'utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new TscomposeError('COMPOSE_YAML_SYNTAX', `failed to parse ${path}: yaml: invalid leading UTF-8 octet`, {
      cause,
      fix: 'Save the file as UTF-8.',
    })
  }
}

/** Files that are loaded as one project: the user's own, or those of an `include` entry. */
export interface Scope {
  readonly session: Session
  /** Base of the paths that `include` and `extends` name; absolute. */
  readonly directory: string
  readonly environment: Environment
  readonly lookup: Lookup
  readonly interpolate: boolean
  /** Files that are loaded because this one includes them, outermost first. */
  readonly including: readonly string[]
  /** Models of files that services extend, by path. */
  readonly extended: Map<string, Promise<{ model: MapNode; resets: ResetPaths }>>
}

export type ResetPaths = readonly (readonly string[])[]

export const lookupIn =
  (environment: Environment): Lookup =>
  name =>
    Object.hasOwn(environment, name) ? environment[name] : undefined

/** What is at a path; undefined if there is nothing, or nothing that we may see. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

export const isFile = (path: string): boolean => statOf(path)?.isFile() ?? false
export const isDirectory = (path: string): boolean => statOf(path)?.isDirectory() ?? false

export const absolute = (base: string, path: string): string => (isAbsolute(path) ? path : join(base, path))

/** The directory of a path inside a project, relative to the project's directory. */
export function directoryOf(base: string, path: string): string {
  const full = absolute(base, path)
  const directory = isDirectory(full) ? full : dirname(full)
  return relative(resolve(base), directory) || '.'
}
