import { TscomposeError } from '../../errors.ts'
import { SystemError } from '../../sys/kernel.ts'
import { Batch } from '../batch.ts'
import type { Instance } from '../instance.ts'
import { changePorts } from '../netlink/nftables.ts'
import { NETLINK, NetlinkSocket } from '../netlink/socket.ts'
import { firewalldTable, forgetDevices, trustDevices } from './firewalld.ts'
import {
  acceptRules,
  type Chain,
  type ChainToOpen,
  chainsToOpen,
  deleteRules,
  isShut,
  rulesOf,
} from './foreign-chains.ts'
import { Generation } from './generation.ts'
import { closeLegacyChains, isLegacyUsed, legacyShape, openLegacyChains } from './legacy.ts'
import { Nftables } from './libnftables.ts'
import {
  type Change,
  chainCount,
  deleteTable,
  type FirewallNetwork,
  networkElements,
  type PortRule,
  portElements,
  replaceTable,
} from './ruleset.ts'

/** How often somebody else's changes are looked for; it takes some microseconds where there are none. */
const watchMs = 3000

/**
 * The host's firewall, as far as it is ours: the table of this engine, which is there as long as it has networks, and
 * two rules for our devices in the chains of others that drop what they do not know.
 *
 * A change is a small transaction. Where that fails, because somebody has deleted the table or a part of it, the whole
 * table is put in place anew.
 */
export class Firewall implements Disposable {
  readonly #instance: Instance
  readonly #networks = new Map<string, FirewallNetwork>()
  readonly #ports = new Set<PortRule>()
  /** Changes that come together are one transaction. */
  readonly #changes = new Batch<string | undefined>(texts => this.#apply(texts))
  readonly #generation = new Generation(() => this.#socket)
  /** Of the older filter, as it was left. */
  #legacyShape = ''
  #nftables: Nftables | undefined
  #netfilter: NetlinkSocket | undefined
  #watch: NodeJS.Timeout | undefined
  #checking: Promise<void> | undefined
  /** The table of the firewalld that was asked to trust our devices. */
  #trustedBy: number | undefined

  constructor(instance: Instance) {
    this.#instance = instance
  }

  /** Made when it is needed: loading the library takes some milliseconds, and not every engine gets a network. */
  get #nft(): Nftables {
    this.#nftables ??= new Nftables()
    return this.#nftables
  }

  get #socket(): NetlinkSocket {
    this.#netfilter ??= new NetlinkSocket(NETLINK.NETFILTER)
    return this.#netfilter
  }

  async addNetwork(networkId: string, network: FirewallNetwork): Promise<void> {
    const isFirst = this.#networks.size === 0
    this.#networks.set(networkId, network)
    try {
      await this.#change(isFirst ? undefined : networkElements('add', this.#instance.table, network))
      await this.#openForeignChains()
      this.#startWatching()
    } catch (error) {
      await this.removeNetwork(networkId).catch(() => {})
      throw error
    }
  }

  async removeNetwork(networkId: string): Promise<void> {
    const network = this.#networks.get(networkId)
    if (!network) return
    this.#networks.delete(networkId)
    if (this.#networks.size === 0) return this.clear()
    await this.#change(networkElements('delete', this.#instance.table, network))
    if (!this.#hasOwnName(network)) await this.#closeForeignChains(network.bridge)
  }

  async publish(rules: readonly PortRule[]): Promise<void> {
    for (const rule of rules) this.#ports.add(rule)
    await this.#changePorts('add', rules)
  }

  async unpublish(rules: readonly PortRule[]): Promise<void> {
    await this.#changePorts(
      'delete',
      rules.filter(rule => this.#ports.delete(rule)),
    )
  }

  /** Ports come and go with every container: by messages, in a tenth of the time that the library takes. */
  async #changePorts(change: Change, rules: readonly PortRule[]): Promise<void> {
    if (rules.length === 0 || this.#networks.size === 0) return
    if (this.#changes.isRunning) return this.#change(portElements(change, this.#instance.table, rules))
    try {
      const messages = changePorts(change, this.#instance.table, rules)
      this.#generation.duringNow(() => void this.#socket.requestNow(...messages))
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      await this.#change(undefined)
    }
  }

  /** Takes over from an earlier engine: whatever its table has is replaced by this. */
  async replace(networks: ReadonlyMap<string, FirewallNetwork>, rules: readonly PortRule[]): Promise<void> {
    for (const [networkId, network] of networks) this.#networks.set(networkId, network)
    for (const rule of rules) this.#ports.add(rule)
    if (this.#networks.size === 0) return this.clear()
    await this.#change(undefined)
    await this.#openForeignChains()
    this.#startWatching()
  }

  /**
   * Docker, firewalld and administrators put rules in place anew as they like; so when somebody has changed something,
   * what we need is looked after: with every container, and every few seconds.
   */
  async check(): Promise<void> {
    if (this.#networks.size === 0 || (!this.#generation.isForeign && legacyShape() === this.#legacyShape)) return
    this.#checking ??= this.#openForeignChains().finally(() => {
      this.#checking = undefined
    })
    await this.#checking
  }

  #startWatching(): void {
    // What fails, the next container tells.
    this.#watch ??= setInterval(() => this.check().catch(() => {}), watchMs).unref()
  }

  /** Removes all of ours. */
  async clear(): Promise<void> {
    clearInterval(this.#watch)
    this.#watch = undefined
    this.#ports.clear()
    await this.#nft.run(deleteTable(this.#instance.table))
    await this.#closeForeignChains()
  }

  /** @param text of commands; undefined: the whole table anew */
  #change(text: string | undefined): Promise<void> {
    return this.#changes.add(text)
  }

  async #apply(texts: readonly (string | undefined)[]): Promise<void> {
    if (this.#networks.size === 0) return // what is left to change went with the table
    if (!texts.includes(undefined)) {
      try {
        return await this.#generation.during(() => this.#nft.run(texts.join('')))
      } catch (error) {
        if (!(error instanceof TscomposeError)) throw error
      }
    }
    const table = replaceTable(this.#instance.table, [...this.#networks.values()], [...this.#ports])
    await this.#generation.during(() => this.#nft.run(table))
  }

  /** One pair of rules does for all devices whose names we chose. */
  #deviceNames(): readonly string[] {
    const chosen = [...this.#networks.values()].filter(network => !this.#hasOwnName(network))
    return [`${this.#instance.devicePrefix}*`, ...chosen.map(({ bridge }) => bridge)]
  }

  #hasOwnName({ bridge }: FirewallNetwork): boolean {
    return bridge.startsWith(this.#instance.devicePrefix)
  }

  #comment(device: string): string {
    return `tscompose:${this.#instance.id}:${device}`
  }

  #devices(): readonly { readonly device: string; readonly comment: string }[] {
    return this.#deviceNames().map(device => ({ device, comment: this.#comment(device) }))
  }

  /** Also puts our own table in place where a part of it has gone. */
  async #openForeignChains(): Promise<void> {
    const chains = await this.#nft.list('list chains')
    const own = chains.filter(({ chain }) => (chain as { table?: string } | undefined)?.table === this.#instance.table)
    if (own.length < chainCount) await this.#change(undefined)
    for (const chain of chainsToOpen(chains, 'tscompose_')) {
      const list = ({ family, table, name }: Chain) => this.#nft.list(`list chain ${family} ${table} ${name}`)
      if (chain.ifShutBy && !isShut(await list(chain.ifShutBy))) continue
      const listing = await list(chain)
      const text = this.#devices()
        .filter(({ comment }) => rulesOf(listing, other => other === comment).length === 0)
        .map(({ device, comment }) => acceptRules(chain, device, comment))
        .join('')
      if (text !== '') await this.#open(chain, text)
    }
    this.#generation.settle()
    if (isLegacyUsed()) await openLegacyChains(this.#devices())
    this.#legacyShape = legacyShape()
  }

  async #open({ table }: ChainToOpen, text: string): Promise<void> {
    try {
      await this.#nft.run(text)
    } catch (error) {
      if (table !== 'firewalld') throw error
      const handle = firewalldTable(await this.#nft.list('list tables'))
      if (handle === this.#trustedBy) return
      await trustDevices(this.#deviceNames())
      this.#trustedBy = handle
    }
  }

  /** Without a device: all rules of this engine. */
  async #closeForeignChains(device?: string): Promise<void> {
    const isOurs = (comment: string) =>
      device === undefined ? comment.startsWith(this.#comment('')) : comment === this.#comment(device)
    const text = deleteRules(rulesOf(await this.#nft.list('list ruleset'), isOurs))
    if (text !== '') await this.#nft.run(text)
    if (isLegacyUsed()) await closeLegacyChains(isOurs)
    if (firewalldTable(await this.#nft.list('list tables')) === undefined) return
    await forgetDevices(device === undefined ? this.#deviceNames() : [device])
    this.#trustedBy = undefined
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watch)
    this.#nftables?.[Symbol.dispose]()
    this.#netfilter?.[Symbol.dispose]()
  }
}
