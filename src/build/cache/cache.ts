import { existsSync } from 'node:fs'
import type { Digest } from '../../image/image.ts'
import type { Lease, Workshop } from '../../image/workshop.ts'
import type { Key } from '../key.ts'
import type { Journal } from './journal.ts'
import type { CacheRecord, ProjectUse } from './record.ts'

/** A layer that a step has made. It stays until the session that took it ends, whatever becomes of the cache. */
export interface CachedLayer {
  readonly record: CacheRecord
}

interface Entry extends CachedLayer {
  record: CacheRecord
  /** Sessions that use it. */
  pins: number
  /** No longer found by its key. */
  dropped: boolean
  archiving?: Promise<Digest> | undefined
  /** On the diff id, once there is one. */
  readonly lease: Lease
}

export interface CacheOptions {
  readonly workshop: Workshop
  readonly journal: Journal
  readonly records: ReadonlyMap<Key, CacheRecord>
  /** What the last build of each project has come through; changes as builds end. */
  readonly projects: Map<string, ProjectUse>
}

/** What earlier builds have made, by what went into it. */
export class BuildCache implements AsyncDisposable {
  readonly #options: CacheOptions
  readonly #entries = new Map<Key, Entry>()
  readonly #children = new Map<Key, Set<Entry>>()
  /** Made, but not yet said to be on the disk. */
  #unsynced: Entry[] = []
  #syncing: Promise<void> | undefined

  private constructor(options: CacheOptions) {
    this.#options = options
  }

  /** Takes up what an earlier engine has written down, as far as it is still there. */
  static async open(options: CacheOptions): Promise<BuildCache> {
    const cache = new BuildCache(options)
    const { workshop, journal, records } = options
    const missing: Key[] = []
    for (const record of records.values()) {
      if (existsSync(workshop.path(record.directory))) await cache.#enter(record)
      else missing.push(record.key)
    }
    if (missing.length > 0) journal.append({ remove: missing })
    await workshop.releaseRetained()
    return cache
  }

  async #enter(record: CacheRecord): Promise<Entry> {
    const lease = this.#options.workshop.lease()
    if (record.archive) await lease.hold([record.archive.digest])
    const entry: Entry = { record, pins: 0, dropped: false, lease }
    this.#entries.set(record.key, entry)
    const siblings = this.#children.get(record.about.parent) ?? new Set()
    this.#children.set(record.about.parent, siblings.add(entry))
    return entry
  }

  session(): CacheSession {
    return new CacheSession(this)
  }

  records(): readonly (CacheRecord & { readonly inUse: boolean; readonly shared: boolean })[] {
    return [...this.#entries.values()].map(({ record, pins }) => ({
      ...record,
      inUse: pins > 0,
      shared: this.#isShared(record),
    }))
  }

  /** Whether an image has the layer: then removing the record would gain nothing. */
  #isShared({ archive }: CacheRecord): boolean {
    return archive !== undefined && this.#options.workshop.isOfImage(archive.digest)
  }

  /** Steps that were carried out on this stack, the newest first. */
  childrenOf(parent: Key): readonly CacheRecord[] {
    return [...(this.#children.get(parent) ?? [])]
      .map(({ record }) => record)
      .sort((a, b) => (a.created < b.created ? 1 : -1))
  }

  find(key: Key): CachedLayer | undefined {
    return this.#entries.get(key)
  }

  pin(layer: CachedLayer): void {
    ;(layer as Entry).pins++
  }

  /** Ends the use of layers by a session. */
  async unpin(layers: Iterable<CachedLayer>): Promise<void> {
    const now = Date.now()
    const used: Key[] = []
    for (const layer of layers) {
      const entry = layer as Entry
      entry.pins--
      entry.record = { ...entry.record, used: now, uses: entry.record.uses + 1 }
      if (!entry.dropped) used.push(entry.record.key)
      else if (entry.pins === 0) await this.#discard(entry)
    }
    if (used.length > 0) this.#options.journal.append({ use: used, at: now })
  }

  /** Remembers what a project uses, which is kept as long as its directory is there. */
  remember(project: string, last: ProjectUse): void {
    const { projects, journal } = this.#options
    if (JSON.stringify(projects.get(project)) === JSON.stringify(last)) return
    projects.set(project, last)
    journal.append({ project, last })
  }

  /** Keys of what the projects use that are on the disk; those that are not are forgotten. */
  wanted(): ReadonlySet<Key> {
    const { projects, journal } = this.#options
    for (const [project, { directory }] of projects) {
      if (existsSync(directory)) continue
      projects.delete(project)
      journal.append({ project })
    }
    return new Set([...projects.values()].flatMap(({ keys }) => keys))
  }

  /** Adds a layer under its key, in the place of an older one. */
  async add(record: CacheRecord): Promise<CachedLayer> {
    await this.#drop(this.#entries.get(record.key))
    const entry = await this.#enter(record)
    entry.pins++
    this.#unsynced.push(entry)
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = undefined
    })
    return entry
  }

  /**
   * The layer's diff id, for which its archive is written when it is asked for the first time.
   * @param latest seconds since the epoch, for a layer of a build with SOURCE_DATE_EPOCH
   */
  diffId(layer: CachedLayer, latest?: number): Promise<Digest> {
    const entry = layer as Entry
    entry.archiving ??= this.#archive(entry, latest).catch(error => {
      entry.archiving = undefined
      throw error
    })
    return entry.archiving
  }

  async #archive(entry: Entry, latest?: number): Promise<Digest> {
    const { directory, size, archive } = entry.record
    if (archive) return archive.digest
    const { workshop, journal } = this.#options
    const blob = await workshop.pack(directory, size, entry.lease, latest)
    entry.record = { ...entry.record, archive: { digest: blob.digest, size: blob.size } }
    if (!entry.dropped && !this.#unsynced.includes(entry))
      journal.append({ archive: entry.record.key, digest: blob.digest, size: blob.size })
    return blob.digest
  }

  /**
   * Removes records that nobody uses at the moment.
   * @returns those removed
   */
  async remove(which: (record: CacheRecord, shared: boolean) => boolean): Promise<readonly CacheRecord[]> {
    const gone = [...this.#entries.values()].filter(
      entry => entry.pins === 0 && which(entry.record, this.#isShared(entry.record)),
    )
    for (const entry of gone) await this.#drop(entry)
    if (gone.length > 0) this.#options.journal.append({ remove: gone.map(({ record }) => record.key) })
    return gone.map(({ record }) => record)
  }

  async #drop(entry: Entry | undefined): Promise<void> {
    if (!entry || entry.dropped) return
    entry.dropped = true
    const { key, about } = entry.record
    this.#entries.delete(key)
    const siblings = this.#children.get(about.parent)
    siblings?.delete(entry)
    if (siblings?.size === 0) this.#children.delete(about.parent)
    if (entry.pins === 0) await this.#discard(entry)
  }

  async #discard({ record, lease }: Entry): Promise<void> {
    const { workshop } = this.#options
    // With a diff id the directory belongs to the image store, which knows whether an image has it.
    if (!record.archive || workshop.layer(record.archive.digest)?.directory !== record.directory)
      await workshop.remove(record.directory)
    await lease[Symbol.asyncDispose]()
  }

  /** Records are written when their layers are on the disk: one sync for all that were made meanwhile. */
  async #sync(): Promise<void> {
    const { workshop, journal } = this.#options
    while (this.#unsynced.length > 0) {
      const entries = [...this.#unsynced]
      await workshop.sync()
      this.#unsynced = this.#unsynced.filter(entry => !entries.includes(entry))
      for (const { record, dropped } of entries) if (!dropped) journal.append({ add: record })
    }
  }

  /** Waits until everything that was made is written down. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#syncing
    await this.#options.journal.synced()
    this.#options.journal[Symbol.dispose]()
  }
}

/** What one build takes from the cache and adds to it: nothing of that is removed before the build has ended. */
export class CacheSession implements AsyncDisposable {
  readonly #cache: BuildCache
  readonly #taken = new Set<CachedLayer>()

  constructor(cache: BuildCache) {
    this.#cache = cache
  }

  take(key: Key): CachedLayer | undefined {
    const layer = this.#cache.find(key)
    if (layer) this.hold(layer)
    return layer
  }

  /** Of a layer that another session holds. */
  hold(layer: CachedLayer): void {
    if (this.#taken.has(layer)) return
    this.#cache.pin(layer)
    this.#taken.add(layer)
  }

  async add(record: CacheRecord): Promise<CachedLayer> {
    const layer = await this.#cache.add(record)
    this.#taken.add(layer)
    return layer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cache.unpin(this.#taken)
    this.#taken.clear()
  }
}
