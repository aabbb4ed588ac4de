import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import type { Network, Networks as NetworkLayer } from '../../network/network.ts'
import type { Filters, NetworkCreateRequest } from '../api.ts'
import type { EventLog } from '../events/event-log.ts'
import { invalid, networkNotFound } from '../failures.ts'
import { pruneFilter } from '../filters.ts'
import { findByPrefix } from '../ids.ts'
import { Serial } from '../serial.ts'
import { readJson, removeJson, writeJson } from '../store/json-file.ts'
import { isNetworkRecord, isPredefined, type NetworkRecord, predefined } from './record.ts'
import { parseRequest, predefinedRecord, toSubnets } from './request.ts'

export interface NetworksOptions {
  /** Directory with one file for each network. */
  readonly directory: string
  readonly layer: NetworkLayer
  readonly events: EventLog
  /** Names of the containers that are connected to a network now. */
  readonly connected: (networkId: string) => readonly string[]
  readonly report: (message: string) => void
}

/** The networks and what is kept of them. */
export class Networks {
  readonly #options: NetworksOptions
  readonly #byId = new Map<string, NetworkRecord>()
  readonly #taken = new Set<string>()
  readonly #makingBridge = new Serial()

  constructor(options: NetworksOptions) {
    this.#options = options
  }

  /** Reads what is on disk, and writes down the predefined networks the first time. */
  async load(): Promise<void> {
    const { directory, report } = this.#options
    const files = (await readdir(directory).catch(() => [])).map(name => name.replace(/\.tmp$/, ''))
    for (const file of new Set(files.filter(name => name.endsWith('.json')))) {
      const found = await readJson(join(directory, file), isNetworkRecord)
      if ('setAside' in found) report(`damaged record of a network set aside as ${found.setAside}`)
      if (!('value' in found)) continue
      this.#byId.set(found.value.id, found.value)
      if (found.setAside) await this.#keep(found.value)
    }
    const missing = Object.entries(predefined).filter(([name]) => !this.all().some(record => record.name === name))
    await Promise.all(missing.map(([name, driver]) => this.#keep(predefinedRecord(name, driver))))
  }

  all(): readonly NetworkRecord[] {
    return [...this.#byId.values()]
  }

  get(id: string): NetworkRecord | undefined {
    return this.#byId.get(id)
  }

  /** By id, name or unambiguous prefix of an id; `default` is `bridge`. @throws ENGINE_NETWORK_NOT_FOUND */
  find(reference: string): NetworkRecord {
    const name = reference === 'default' ? 'bridge' : reference
    const found =
      this.#byId.get(name) ??
      this.all().find(record => record.name === name) ??
      this.#byId.get(findByPrefix(this.#byId.keys(), name) ?? '')
    if (!found) throw networkNotFound(reference)
    return found
  }

  /** @throws TscomposeError ENGINE_NETWORK_EXISTS, ENGINE_NETWORK_PREDEFINED, ENGINE_REQUEST_INVALID, NETWORK_* */
  async create(request: NetworkCreateRequest): Promise<NetworkRecord> {
    const record = parseRequest(request, name => this.all().find(other => other.name === name))
    if (this.#taken.has(record.name) || this.all().some(({ name }) => name === record.name)) {
      throw new TscomposeError('ENGINE_NETWORK_EXISTS', `network with name ${record.name} already exists`)
    }
    this.#taken.add(record.name)
    try {
      const made = record.configOnly ? await this.#keep(record) : await this.#make(record)
      this.#options.events.emit('network', 'create', made.id, { name: made.name, type: made.driver })
      return made
    } finally {
      this.#taken.delete(record.name)
    }
  }

  /**
   * The network as the network layer has it. The bridge that containers without a network get is made when the first
   * of them starts, or somebody asks for its addresses: a machine that needs none keeps its own.
   * @throws TscomposeError ENGINE_REQUEST_INVALID for one that is only a configuration, NETWORK_*
   */
  async ensure({ id, name, driver, configOnly }: NetworkRecord): Promise<Network> {
    if (configOnly) throw invalid('cannot create endpoint on configuration-only network')
    if (driver === 'host' || driver === 'null') throw new TypeError(`${name} has no bridge`)
    return await this.#makingBridge.run(async () => (await this.#make(this.find(id))).network as Network)
  }

  /**
   * Takes the bridge of containers without a network off the machine where none of them is left: the next one makes it
   * anew, and a machine on which nothing runs has nothing of ours.
   */
  async retire(): Promise<void> {
    const { network, ...record } = this.find('bridge')
    if (!network || this.#options.connected(record.id).length > 0) return
    await this.#options.layer.removeNetwork(record.id)
    await this.#keep(record)
  }

  /** One that is there already stays as it is; after a restart of the machine it may get another subnet. */
  async #make(record: NetworkRecord): Promise<NetworkRecord> {
    const { layer } = this.#options
    const network = await layer.createNetwork({
      id: record.id,
      name: record.name,
      ...((record.driver === 'macvlan' || record.driver === 'ipvlan') && { driver: record.driver }),
      internal: record.internal,
      enableIPv4: record.enableIPv4,
      enableIPv6: record.enableIPv6,
      subnets: toSubnets(record.ipam),
      options: record.options,
    })
    if (network === record.network) return record
    try {
      return await this.#keep({ ...record, network })
    } catch (error) {
      await layer.removeNetwork(record.id)
      throw error
    }
  }

  async #keep(record: NetworkRecord): Promise<NetworkRecord> {
    await writeJson(this.#file(record), record)
    this.#byId.set(record.id, record)
    return record
  }

  #file({ id }: NetworkRecord): string {
    return join(this.#options.directory, `${id}.json`)
  }

  /** @throws TscomposeError ENGINE_NETWORK_NOT_FOUND, ENGINE_NETWORK_PREDEFINED, ENGINE_NETWORK_IN_USE */
  async remove(reference: string): Promise<void> {
    const { layer, connected, events } = this.#options
    const record = this.find(reference)
    if (isPredefined(record.name)) {
      throw new TscomposeError(
        'ENGINE_NETWORK_PREDEFINED',
        `${record.name} is a pre-defined network and cannot be removed`,
      )
    }
    const users = connected(record.id)
    if (users.length > 0) {
      throw new TscomposeError(
        'ENGINE_NETWORK_IN_USE',
        `error while removing network: network ${record.name} has active endpoints (${users.join(', ')})`,
      )
    }
    if (this.all().some(({ configFrom }) => configFrom === record.name)) {
      throw new TscomposeError(
        'ENGINE_NETWORK_IN_USE',
        `error while removing network: configuration network "${record.name}" is in use`,
      )
    }
    this.#byId.delete(record.id)
    try {
      if (!record.configOnly) await layer.removeNetwork(record.id)
    } catch (error) {
      this.#byId.set(record.id, record)
      throw error
    }
    removeJson(this.#file(record))
    events.emit('network', 'destroy', record.id, { name: record.name, type: record.driver })
  }

  /** Removes the networks of users that no container is on now. @returns their names */
  async prune(filters?: Filters): Promise<string[]> {
    const { connected, events } = this.#options
    const wanted = pruneFilter(filters)
    const unused = this.all().filter(
      record => !isPredefined(record.name) && !record.configOnly && wanted(record) && connected(record.id).length === 0,
    )
    const removed = await Promise.all(
      unused.map(async ({ id, name }) => {
        // A container may come to it meanwhile; then it is in use after all.
        const gone = await this.remove(id).then(
          () => true,
          () => false,
        )
        return gone ? [name] : []
      }),
    )
    events.emit('network', 'prune', '', { reclaimed: '0' })
    return removed.flat()
  }
}
