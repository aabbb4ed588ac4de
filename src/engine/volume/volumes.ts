import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { removeTree } from '../../remove-tree.ts'
import type { Filters, Volume, VolumeCreateRequest, VolumePruneResponse } from '../api.ts'
import type { EventLog } from '../events/event-log.ts'
import { invalid, volumeNotFound } from '../failures.ts'
import {
  booleanFilter,
  matchesExactly,
  matchesExpression,
  matchesLabels,
  pruneFilter,
  validateFilters,
} from '../filters.ts'
import { newId } from '../ids.ts'
import { Serial } from '../serial.ts'
import { diskUsage } from '../store/disk-usage.ts'
import { readJson, writeJson } from '../store/json-file.ts'
import { placeOf } from './mount-options.ts'
import { VolumeMounts } from './volume-mounts.ts'
import { checkDriver, checkName, isVolumeRecord, newRecord, sameLabels, type VolumeRecord } from './volume-record.ts'

export interface VolumesOptions {
  /** Directory with one directory for each volume. */
  readonly directory: string
  readonly events: EventLog
  /** Ids of the containers that use a volume. */
  readonly usedBy: (name: string) => readonly string[]
  readonly report: (message: string) => void
}

/** Where a volume is, for who fills it. */
export interface VolumeDirectory {
  readonly source: string
  /** Whether it is the volume's own directory, rather than one of the host that has been given its name. */
  readonly isOwn: boolean
  /** A directory beside it that is free to use, and does not exist. */
  readonly staging: string
}

/** The volumes of the `local` driver: directories below the data root. */
export class Volumes {
  readonly #options: VolumesOptions
  readonly #byName = new Map<string, VolumeRecord>()
  /** Volumes that are being made, so that two containers that want the same one at once get the same one. */
  readonly #making = new Map<string, Promise<VolumeRecord>>()
  /** Those that containers in the making are about to use, with the number of these. */
  readonly #claimed = new Map<string, number>()
  readonly #filling = new Map<string, Serial>()
  readonly #mounts = new VolumeMounts()

  constructor(options: VolumesOptions) {
    this.#options = options
  }

  /** Reads what is on disk. */
  async load(): Promise<void> {
    const { directory, report } = this.#options
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
    for (const { name } of entries.filter(entry => entry.isDirectory())) {
      const file = join(directory, name, 'volume.json')
      const found = await readJson(file, isVolumeRecord)
      if ('value' in found && !found.setAside) this.#byName.set(name, found.value)
      else {
        // The data matter more than what is known of them: a directory without a record is a volume all the same.
        report(`volume ${name}: ${'setAside' in found ? `damaged record set aside as ${found.setAside}` : 'no record'}`)
        const record = 'value' in found ? found.value : newRecord(name, {}, {}, /^[0-9a-f]{64}$/.test(name))
        await mkdir(join(directory, name, '_data'), { recursive: true })
        await writeJson(file, record)
        this.#byName.set(name, record)
      }
    }
  }

  /**
   * Makes a volume, or finds the one that has the name already.
   * @param claims keeps it from being pruned until it is disposed of: for a container that is only being made
   * @throws TscomposeError ENGINE_VOLUME_EXISTS if that one has other options
   */
  async create(
    { Name, Driver, DriverOpts = {}, Labels = {} }: VolumeCreateRequest,
    claims?: DisposableStack,
  ): Promise<Volume> {
    const name = Name || newId()
    checkName(name)
    checkDriver(name, Driver, DriverOpts)
    if (claims) this.#claim(name, claims)
    const making = this.#making.get(name)
    const existing = this.#byName.get(name) ?? (making && (await making))
    if (existing) {
      if (Object.keys(DriverOpts).length > 0 && !sameLabels(existing.options, DriverOpts)) {
        throw new TscomposeError('ENGINE_VOLUME_EXISTS', `volume ${name} exists with other options`)
      }
      return this.#toApi(existing)
    }
    const made = this.#make(newRecord(name, Labels ?? {}, DriverOpts ?? {}, !Name))
    this.#making.set(name, made)
    try {
      return this.#toApi(await made)
    } finally {
      this.#making.delete(name)
    }
  }

  #claim(name: string, claims: DisposableStack): void {
    const count = (difference: number) => this.#claimed.set(name, (this.#claimed.get(name) ?? 0) + difference)
    count(1)
    claims.defer(() => {
      count(-1)
      if (this.#claimed.get(name) === 0) this.#claimed.delete(name)
    })
  }

  async #make(record: VolumeRecord): Promise<VolumeRecord> {
    const directory = join(this.#options.directory, record.name)
    await mkdir(join(directory, '_data'), { recursive: true })
    await writeJson(join(directory, 'volume.json'), record)
    this.#byName.set(record.name, record)
    this.#options.events.emit('volume', 'create', record.name, { driver: 'local' })
    return record
  }

  /** @throws TscomposeError ENGINE_VOLUME_NOT_FOUND */
  inspect(name: string): Volume {
    return this.#toApi(this.#find(name))
  }

  #find(name: string): VolumeRecord {
    const record = this.#byName.get(name)
    if (!record) throw volumeNotFound(name)
    return record
  }

  /**
   * The directory that is mounted into containers. A file system that the volume's options name is mounted there until
   * {@link release} is called for every holder.
   * @throws TscomposeError ENGINE_VOLUME_NOT_FOUND, ENGINE_VOLUME_MOUNT_FAILED
   */
  async hold(name: string, holder: string): Promise<string> {
    const record = this.#find(name)
    const place = placeOf(record.options)
    if (place.kind === 'directory') return place.path
    const path = this.#data(record)
    if (place.kind === 'mount') await this.#mounts.hold(path, place, holder)
    return path
  }

  /** A container does not run any more. */
  release(holder: string): Promise<void> {
    return this.#mounts.release(holder)
  }

  /** Takes over what an earlier engine has mounted. @param holders names of volumes and containers that use them */
  async adopt(holders: readonly (readonly [name: string, holder: string])[]): Promise<void> {
    const mounted = [...this.#byName.values()].filter(({ options }) => placeOf(options).kind === 'mount')
    for (const [name, holder] of holders) {
      const record = mounted.find(record => record.name === name)
      if (record) this.#mounts.know(this.#data(record), holder)
    }
    await Promise.all(mounted.map(record => this.#mounts.settle(this.#data(record))))
  }

  /** Fills a volume, if it needs to be; two containers that want the same one wait for each other. */
  async fill(name: string, work: (directory: VolumeDirectory) => Promise<void>): Promise<void> {
    const isOwn = placeOf(this.#find(name).options).kind === 'own'
    const staging = join(this.#options.directory, name, '_staging')
    const serial = this.#filling.get(name) ?? new Serial()
    this.#filling.set(name, serial)
    const holder = newId()
    await serial.run(async () => {
      try {
        await work({ source: await this.hold(name, holder), isOwn, staging })
      } finally {
        await this.release(holder)
      }
    })
  }

  /** Where a volume is on the host, as the API tells it; empty if there is none of that name any more. */
  mountpoint(name: string): string {
    const record = this.#byName.get(name)
    return record ? this.#data(record) : ''
  }

  #data({ name }: VolumeRecord): string {
    return join(this.#options.directory, name, '_data')
  }

  list(filters: Filters = {}): Volume[] {
    validateFilters(filters, ['dangling', 'driver', 'label', 'name'])
    const dangling = booleanFilter(filters, 'dangling')
    return [...this.#byName.values()]
      .filter(
        ({ name, labels }) =>
          matchesExpression(filters, 'name', [name]) &&
          matchesExactly(filters, 'driver', 'local') &&
          matchesLabels(filters, labels) &&
          (dangling === undefined || dangling === (this.#options.usedBy(name).length === 0)),
      )
      .map(record => this.#toApi(record))
  }

  /** @throws TscomposeError ENGINE_VOLUME_IN_USE; ENGINE_VOLUME_NOT_FOUND unless `force` */
  async remove(name: string, force = false): Promise<void> {
    if (!this.#byName.has(name) && force) return
    const record = this.#find(name)
    const users = this.#options.usedBy(name)
    if (users.length > 0) {
      throw new TscomposeError('ENGINE_VOLUME_IN_USE', `remove ${name}: volume is in use - [${users.join(', ')}]`)
    }
    this.#byName.delete(name)
    this.#filling.delete(name)
    try {
      if (placeOf(record.options).kind === 'mount') await this.#mounts.settle(this.#data(record))
    } catch (error) {
      this.#byName.set(name, record) // what is mounted is not ours to remove
      throw error
    }
    await removeTree(join(this.#options.directory, name)).catch(error => {
      if (error.code !== 'ENOENT') throw error
    })
    this.#options.events.emit('volume', 'destroy', name, { driver: 'local' })
  }

  /**
   * Removes volumes that no container uses: those that were made without a name, or with the filter `all` any.
   * @returns their names, and the bytes that were in them
   * @throws TscomposeError ENGINE_REQUEST_INVALID
   */
  async prune({ all, ...filters }: Filters = {}): Promise<VolumePruneResponse> {
    if (filters.until) throw invalid("invalid filter 'until'")
    const wanted = pruneFilter(filters)
    const named = booleanFilter({ all: all ?? [] }, 'all') ?? false
    // What has options lies elsewhere, and is nobody's to prune.
    const isFree = ({ name, options }: VolumeRecord) =>
      Object.keys(options).length === 0 &&
      this.#byName.has(name) &&
      !this.#claimed.has(name) &&
      this.#options.usedBy(name).length === 0
    const pruned: VolumePruneResponse = { VolumesDeleted: [], SpaceReclaimed: 0 }
    for (const record of [...this.#byName.values()]) {
      if (!(named || record.anonymous) || !wanted(record) || !isFree(record)) continue
      const size = await this.#size(record)
      if (!isFree(record)) continue // somebody wants it after all
      await this.remove(record.name)
      pruned.VolumesDeleted.push(record.name)
      pruned.SpaceReclaimed += size
    }
    this.#options.events.emit('volume', 'prune', '', { reclaimed: String(pruned.SpaceReclaimed) })
    return pruned
  }

  /** All volumes, with what is in them and by how many containers they are used. */
  async usage(): Promise<Volume[]> {
    return await Promise.all(
      [...this.#byName.values()].map(async record => ({
        ...this.#toApi(record),
        UsageData: { Size: await this.#size(record), RefCount: this.#options.usedBy(record.name).length },
      })),
    )
  }

  /** What lies in a directory of the host under the name of a volume is not ours. */
  #size(record: VolumeRecord): Promise<number> {
    return placeOf(record.options).kind === 'own' ? diskUsage(this.#data(record)) : Promise.resolve(0)
  }

  #toApi(record: VolumeRecord): Volume {
    // In the order in which docker prints them.
    return {
      CreatedAt: record.created,
      Driver: 'local',
      Labels: record.labels,
      Mountpoint: this.#data(record),
      Name: record.name,
      Options: Object.keys(record.options).length > 0 ? record.options : null,
      Scope: 'local',
    }
  }
}
