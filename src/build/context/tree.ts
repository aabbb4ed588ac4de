import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { posix } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { IgnoreRules } from '../../ignore.ts'
import { closest } from '../../suggest.ts'
import type { FileTree, Match, Selection, SelectRequest, SourcePattern, TreeEntry } from './context.ts'
import { contentDigest, fingerprint } from './digests.ts'
import { type FoundEntry, isMissing, OpenDirectory } from './directory.ts'
import { hasWildcard } from './go-match.ts'
import { Lister, type Listing } from './lister.ts'
import { leadsTo, matchSources, type Source } from './match.ts'
import { resolveIn } from './resolve.ts'

/** A text file that is larger is none that a person has written. */
const LARGEST_TEXT = 8 * 2 ** 20
/** Files that are read at the same time. */
const READERS = 8

export interface TreeOptions {
  /** What messages call it: `the build context`. */
  readonly name: string
  /** What is left out; see {@link IgnoreRules}. */
  readonly ignore?: readonly string[]
  /** Entries belong to whom they belong on disk, with extended attributes; otherwise to root, as with docker build. */
  readonly keepOwners: boolean
}

type Walked = { readonly entry: TreeEntry; readonly found: FoundEntry }

/** The files in a directory of this machine. */
export class DirectoryTree implements FileTree {
  readonly directory: string
  readonly #options: TreeOptions
  readonly #ignore: IgnoreRules | undefined

  constructor(directory: string, options: TreeOptions) {
    this.directory = directory
    this.#options = options
    this.#ignore = options.ignore && options.ignore.length > 0 ? new IgnoreRules(options.ignore) : undefined
  }

  async select(request: SelectRequest, signal: AbortSignal): Promise<Selection> {
    using root = OpenDirectory.root(this.directory)
    const walks: { readonly source: Source; readonly walked: readonly Walked[] }[] = []
    for (const pattern of request.sources) {
      for (const source of await this.#sources(root, pattern, request)) {
        walks.push({ source, walked: await this.#walk(root, source, request, signal) })
      }
    }
    const contents = await this.#digests(root, new Set(walks.flatMap(({ walked }) => walked)), signal)
    const fingerprints = new Map<string, string>()
    const sum = createHash('sha256')
    for (const { source, walked } of walks) {
      sum.update(`\0match\0${source.name}`)
      for (const one of walked) {
        const print = fingerprint(this.#owned(one.found), contents.get(one) ?? '')
        fingerprints.set(one.entry.path, print)
        sum.update(`\0${one.entry.name}\0${print}`)
      }
    }
    const matches = walks.map(
      ({ source, walked }): Match => ({
        path: source.path,
        name: source.name,
        entries: walked.map(({ entry }) => entry),
      }),
    )
    return { matches, digest: `sha256:${sum.digest('hex')}`, fingerprints }
  }

  async open(path: string): Promise<FileHandle> {
    using root = OpenDirectory.root(this.directory)
    const file = await root.file(path)
    if (!file) throw new TscomposeError('BUILD_SOURCE_MISSING', `${path} is no file of ${this.#options.name} any more`)
    return file
  }

  async readText(path: string): Promise<string | undefined> {
    using root = OpenDirectory.root(this.directory)
    await using file = await root.file(path)
    if (!file) return undefined
    const { size } = await file.stat()
    if (size > LARGEST_TEXT) throw new TscomposeError('BUILD_CONTEXT_INVALID', `${path} is too large for a text file`)
    return await file.readFile('utf8')
  }

  async #sources(
    root: OpenDirectory,
    pattern: SourcePattern,
    { parents, where }: SelectRequest,
  ): Promise<readonly Source[]> {
    const visible = (path: string) => !this.#ignore?.ignores(path) || this.#mayHold(path)
    const { path } = typeof pattern === 'string' ? { path: pattern } : pattern
    const place = where ? { where } : {}
    try {
      const sources = await matchSources(root, pattern, parents, visible)
      if (sources.length > 0 || hasWildcard(path)) return sources
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('syntax error')) {
        throw new TscomposeError('BUILD_SOURCE_MISSING', error.message, place)
      }
      throw error
    }
    const { message, fix } = await this.#missing(root, path)
    throw new TscomposeError('BUILD_SOURCE_MISSING', message, { ...place, ...(fix && { fix }) })
  }

  /** Left out itself, but something in it is not. */
  #mayHold(path: string): boolean {
    return this.#ignore !== undefined && !this.#ignore.ignoresAllIn(path)
  }

  async #missing(root: OpenDirectory, path: string): Promise<{ readonly message: string; readonly fix?: string }> {
    const message = `"/${path}": not found in ${this.#options.name}`
    if (await resolveIn(root, path, () => true)) {
      const rules = this.#options.ignore ?? []
      const rule = rules.findLast(one => !one.startsWith('!') && new IgnoreRules([one]).ignores(path))
      return { message, fix: `the file is there, but .dockerignore leaves it out${rule ? ` (${rule})` : ''}` }
    }
    const nearest = closest(posix.basename(path), await this.#namesBeside(root, path))
    return nearest ? { message, fix: `did you mean ${posix.join(posix.dirname(path), nearest)}?` } : { message }
  }

  async #namesBeside(root: OpenDirectory, path: string): Promise<readonly string[]> {
    try {
      using directory = root.below(posix.dirname(path))
      return await directory.names()
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  }

  /** A source and all below it; directories that are left out only if there is something in them that is not. */
  async #walk(
    root: OpenDirectory,
    source: Source,
    { excludes, parents }: SelectRequest,
    signal: AbortSignal,
  ): Promise<readonly Walked[]> {
    const excluded = new IgnoreRules(excludes)
    const included = source.include === undefined ? undefined : new IgnoreRules([source.include])
    const relativeTo = parents ? (source.base ?? '.') : source.path
    const result: Walked[] = []
    const tree = this

    if (source.entry && source.entry.type !== 'directory') {
      const name = parents ? relative(source.path, relativeTo) : ''
      if (!excluded.ignores(name || source.name)) result.push(tree.#entry(source.path, name, source.entry))
      return result
    }
    const top = await tree.#rootEntry(root, source.path)
    if (top && !parents) result.push(tree.#entry(source.path, '', top))
    using lister = new Lister(path => tree.#list(root, path), signal)
    await visit(source.path, lister.list(source.path), [])
    return result

    /** @param above directories on the way that are not wanted themselves, unless something in them is */
    async function visit(path: string, listing: Listing, above: Walked[]): Promise<void> {
      signal.throwIfAborted()
      const inside = (await listing).map(entry => {
        const full = path === '.' ? entry.name : `${path}/${entry.name}`
        const one = tree.#entry(full, relative(full, relativeTo), entry)
        return { one, below: leadsOn(one) ? lister.list(full) : undefined }
      })
      for (const { one, below } of inside) {
        const { path: full, name } = one.entry
        const wanted = !tree.#ignore?.ignores(full) && !excluded.ignores(name) && (included?.ignores(name) ?? true)
        if (wanted) result.push(...above.splice(0), one)
        if (!below) continue
        if (!wanted) above.push(one)
        await visit(full, below, above)
        if (above.at(-1) === one) above.pop()
      }
    }

    function leadsOn({ entry: { type, name } }: Walked): boolean {
      if (type !== 'directory' || excluded.ignoresAllIn(name)) return false
      return source.include === undefined || leadsTo(source.include, name)
    }
  }

  /** What is in a directory, as far as the tree has it. */
  async #list(root: OpenDirectory, path: string): Promise<readonly FoundEntry[]> {
    using directory = root.below(path)
    const inside = (name: string) => (path === '.' ? name : `${path}/${name}`)
    const names = (await directory.names()).filter(name => !this.#ignore?.ignoresAllIn(inside(name)))
    const found = await Promise.all(names.map(name => directory.entry(name, this.#options.keepOwners)))
    return found.filter(entry => entry !== undefined)
  }

  async #rootEntry(root: OpenDirectory, path: string): Promise<FoundEntry | undefined> {
    if (path === '.') {
      using self = root.below('.')
      return await self.entry('.', this.#options.keepOwners)
    }
    using parent = root.below(posix.dirname(path))
    return await parent.entry(posix.basename(path), this.#options.keepOwners)
  }

  #entry(path: string, name: string, found: FoundEntry): Walked {
    const { identity: _, xattrs: __, ...rest } = this.#owned(found)
    return { entry: { ...rest, path, name }, found }
  }

  #owned(found: FoundEntry): FoundEntry {
    return this.#options.keepOwners ? found : { ...found, uid: 0, gid: 0 }
  }

  async #digests(
    root: OpenDirectory,
    walked: ReadonlySet<Walked>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Walked, string>> {
    const files = [...walked].filter(({ entry }) => entry.type === 'file').values()
    const digests = new Map<Walked, string>()
    const read = async () => {
      for (const one of files) {
        signal.throwIfAborted()
        const file = async () => (await root.file(one.entry.path)) ?? (await this.open(one.entry.path))
        digests.set(one, await contentDigest(one.found, file))
      }
    }
    await Promise.all(Array.from({ length: READERS }, read))
    return digests
  }
}

/** `a/b/c` from `a`: `b/c` */
const relative = (path: string, base: string): string =>
  base === '.' || base === '' ? path : path === base ? '' : path.slice(base.length + 1)
