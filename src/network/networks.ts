import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { TscomposeError } from '../errors.ts'
import { settleAll } from '../settle.ts'
import { linux } from '../sys/kernel.ts'
import { defaultPools } from './addresses/subnets.ts'
import { firewallNetwork, rejoin } from './bridge.ts'
import { Bridges } from './bridges.ts'
import { type Departure, Departures, isInTheWay, isOn } from './departures.ts'
import { renderResolvConf, renderUnconnectedResolvConf } from './dns/resolv-conf.ts'
import { readResolvConf } from './dns/upstream.ts'
import { Firewall } from './firewall/firewall.ts'
import type { PortRule } from './firewall/ruleset.ts'
import { forgetUdp } from './host/forget-udp.ts'
import type { Host } from './host/host.ts'
import { instanceOf, parseDeviceAlias } from './instance.ts'
import { Links } from './links.ts'
import { isPinned, pinnedNames, pinnedPath, unpinNamespace } from './namespace.ts'
import type { Link } from './netlink/link.ts'
import { NETLINK, NetlinkSocket } from './netlink/socket.ts'
import type {
  DnsSpec,
  Endpoint,
  EndpointSpec,
  InterfaceStats,
  Network,
  NetworkSpec,
  Networks,
  NetworksOptions,
  PortSpec,
  Sandbox,
  SandboxSpec,
} from './network.ts'
import { LiveSandbox } from './sandbox.ts'
import { type RunningService, startService } from './service/start.ts'
import { Zones } from './service/zones.ts'
import { Traffic } from './traffic.ts'

/**
 * The network layer of one engine. Closing it ends name service and proxies and keeps everything in the kernel:
 * containers go on talking, and `adopt` of the next one takes over.
 */
export async function openNetworks(options: NetworksOptions): Promise<Networks> {
  // Also starts libuv's threads, all of them: a thread inherits the network namespace of the one that starts it.
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 })
  return new NetworkLayer(options)
}

/** What the kernel refuses is an error of this layer, with the kernel's reason. */
async function named<T>(task: Promise<T>): Promise<T> {
  try {
    return await task
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException
    if (error instanceof TscomposeError || syscall === undefined) throw error
    throw new TscomposeError('NETWORK_SETUP_FAILED', `cannot set up the network: ${message}`, { cause: error })
  }
}

class NetworkLayer implements Networks {
  readonly #options: NetworksOptions
  readonly #host: Host
  readonly #bridges: Bridges
  readonly #sandboxes = new Map<string, LiveSandbox>()
  readonly #resources = new AsyncDisposableStack()
  #running: RunningService | undefined
  /** Made when somebody asks for counters. */
  #traffic: Traffic | undefined

  constructor(options: NetworksOptions) {
    this.#options = options
    const instance = instanceOf(options.runDir)
    const route = this.#resources.use(new NetlinkSocket(NETLINK.ROUTE))
    const netfilter = this.#resources.use(new NetlinkSocket(NETLINK.NETFILTER))
    const firewall = this.#resources.use(new Firewall(instance))
    const zones = new Zones()
    const service = () => this.#service(zones)
    this.#host = {
      instance,
      route,
      links: this.#resources.use(new Links(route)),
      departures: new Departures(),
      firewall,
      get service() {
        return service()
      },
      zones,
      defaultBindAddress: options.defaultBindAddress,
      forgetUdp: async ports => {
        // A kernel without connection tracking has no memory to be cleared either.
        await forgetUdp(netfilter, ports).catch(() => {})
      },
      containerOnPort: (protocol, port) => this.#containerOnPort(protocol, port),
    }
    this.#bridges = new Bridges(this.#host, {
      dataDir: options.dataDir,
      pools: options.addressPools ?? defaultPools,
    })
    // Makes the directory. Who is there waits for names: the thread starts while the engine reads what it knows.
    if (pinnedNames(this.#netnsDirectory).length > 0) void this.#host.service
  }

  get #netnsDirectory(): string {
    return join(this.#options.runDir, 'netns')
  }

  #service(zones: Zones): RunningService['service'] {
    if (!this.#running) {
      this.#running = this.#resources.use(startService())
      zones.start(this.#running.service)
    }
    return this.#running.service
  }

  #containerOnPort(protocol: string, port: number): string | undefined {
    for (const sandbox of this.#sandboxes.values())
      if (sandbox.describe().ports.some(row => row.protocol === protocol && row.hostPort === port))
        return `container ${sandbox.containerName}`
    return undefined
  }

  async createNetwork(spec: NetworkSpec): Promise<Network> {
    void this.#host.service // containers come soon: its thread starts while the bridge is made
    return await named(this.#bridges.create(spec))
  }

  async removeNetwork(networkId: string): Promise<void> {
    const onIt = this.#host.departures.settled(departure => isOn(departure, networkId))
    await named(settleAll([this.#bridges.remove(networkId), onIt]))
  }

  async createSandbox(spec: SandboxSpec): Promise<Sandbox> {
    const { containerId, containerName, dns, ports: requestedPorts } = spec
    const endpoints = await this.#withNetworks(spec.endpoints)
    const netnsPath = pinnedPath(this.#options.runDir, containerId)
    const resolvConf = endpoints.length > 0 ? renderResolvConf(dns, readResolvConf()) : this.unconnectedResolvConf(dns)
    // Of the same container there may be one that is being removed, or the file of one that nobody knows.
    await this.removeSandbox(containerId)
    const { departures } = this.#host
    await departures.settled(
      departure => departure.containerId === containerId || isInTheWay(departure, spec.endpoints),
    )
    await unpinNamespace(netnsPath)
    const sandbox = new LiveSandbox(this.#host, {
      containerId,
      containerName,
      netnsPath,
      requestedPorts,
      dns,
      resolvConf,
    })
    this.#sandboxes.set(containerId, sandbox)
    try {
      await named(sandbox.create(endpoints, spec.sysctl, spec.namespace))
    } catch (error) {
      this.#sandboxes.delete(containerId)
      // Those who leave still have their addresses.
      const exhausted = error instanceof TscomposeError && error.code === 'NETWORK_POOL_EXHAUSTED'
      const onThem = (departure: Departure) => spec.endpoints.some(({ networkId }) => isOn(departure, networkId))
      if (exhausted && (await departures.settled(onThem)) > 0) return await this.createSandbox(spec)
      throw error
    }
    return sandbox.describe()
  }

  async #withNetworks<Spec extends EndpointSpec>(specs: readonly Spec[]) {
    return await Promise.all(specs.map(async spec => ({ spec, live: await named(this.#bridges.need(spec.networkId)) })))
  }

  unconnectedResolvConf(dns: DnsSpec): string {
    return renderUnconnectedResolvConf(dns, readResolvConf())
  }

  async removeSandbox(containerId: string): Promise<void> {
    const sandbox = this.#sandboxes.get(containerId)
    if (sandbox) await named(sandbox.remove())
    if (this.#sandboxes.get(containerId) === sandbox) this.#sandboxes.delete(containerId)
  }

  async settled(): Promise<void> {
    await named(this.#host.departures.settled())
  }

  async connect(containerId: string, spec: EndpointSpec): Promise<Endpoint> {
    await this.#host.departures.settled(departure => isInTheWay(departure, [spec]))
    return await named(this.#need(containerId).connect(spec, await this.#bridges.need(spec.networkId)))
  }

  async disconnect(containerId: string, networkId: string): Promise<void> {
    await named(this.#need(containerId).disconnect(networkId))
  }

  async publish(containerId: string, ports: readonly PortSpec[]): Promise<void> {
    await named(this.#need(containerId).publish(ports))
  }

  async rename(
    containerId: string,
    containerName: string,
    dnsNames: Readonly<Record<string, readonly string[]>>,
  ): Promise<void> {
    await this.#need(containerId).rename(containerName, dnsNames)
  }

  isWhole(containerId: string): boolean {
    return this.#sandboxes.get(containerId)?.isWhole ?? false
  }

  nameServer(containerId: string): number | undefined {
    return this.#sandboxes.get(containerId)?.nameServer
  }

  sandbox(containerId: string): Sandbox | undefined {
    return this.#sandboxes.get(containerId)?.describe()
  }

  #need(containerId: string): LiveSandbox {
    const sandbox = this.#sandboxes.get(containerId)
    if (!sandbox) throw new TscomposeError('NETWORK_NOT_FOUND', `container ${containerId} has no network of its own`)
    return sandbox
  }

  async interfaceStats(containerIds: readonly string[]): Promise<ReadonlyMap<string, readonly InterfaceStats[]>> {
    this.#traffic ??= this.#resources.use(new Traffic(this.#host.links))
    const sandboxes = containerIds.flatMap(id => {
      const sandbox = this.#sandboxes.get(id)
      return sandbox ? [[id, { endpoints: sandbox.endpoints, netnsPath: sandbox.netnsPath }] as const] : []
    })
    return await named(this.#traffic.read(new Map(sandboxes)))
  }

  async adopt(
    networks: readonly Network[],
    sandboxes: readonly Sandbox[],
    nameServers: ReadonlyMap<string, number> = new Map(),
  ): Promise<readonly Sandbox[]> {
    const links = await this.#bridges.adopt(networks)
    const alive = sandboxes.filter(({ netnsPath }) => isPinned(netnsPath))
    const lost = [...nameServers].filter(([id]) => !alive.some(({ containerId }) => containerId === id))
    for (const [, fd] of lost) linux.close(fd)
    const stale = pinnedNames(this.#netnsDirectory).filter(
      name => !alive.some(({ containerId }) => containerId === name),
    )
    await settleAll(stale.map(name => unpinNamespace(join(this.#netnsDirectory, name))))

    // A bridge may have gone and be another now.
    for (const live of this.#bridges.live()) if (!live.network.driver) await rejoin(this.#host, live, links)
    const mappings = await Promise.all(alive.map(sandbox => this.#adoptSandbox(sandbox, links, nameServers)))
    await this.#removeStrayDevices(links)
    if (networks.length > 0) {
      const bridged = this.#bridges.live().filter(({ network }) => !network.driver)
      const all = new Map(bridged.map(live => [live.network.id, firewallNetwork(live)]))
      await this.#host.firewall.replace(all, mappings.flat())
    }
    await this.#removeLeasesBut(networks)
    return alive.map(({ containerId }) => this.#need(containerId).describe())
  }

  async #adoptSandbox(
    sandbox: Sandbox,
    links: readonly Link[],
    nameServers: ReadonlyMap<string, number>,
  ): Promise<readonly PortRule[]> {
    const { containerId, containerName, netnsPath, requestedPorts, dns, resolvConf } = sandbox
    const identity = { containerId, containerName, netnsPath, requestedPorts, dns, resolvConf }
    const live = new LiveSandbox(this.#host, identity)
    this.#sandboxes.set(containerId, live)
    const known = new Map(this.#bridges.live().map(one => [one.network.id, one]))
    const endpoints = sandbox.endpoints.map(endpoint => {
      const port = links.find(({ alias }) => {
        const purpose = parseDeviceAlias(alias)?.purpose
        return (
          purpose?.kind === 'endpoint' &&
          purpose.containerId === containerId &&
          purpose.networkId === endpoint.networkId
        )
      })
      return { endpoint, live: known.get(endpoint.networkId), veth: port?.name }
    })
    return await live.adopt(endpoints, sandbox.ports, nameServers.get(containerId))
  }

  /** Devices of endpoints that no sandbox has. */
  async #removeStrayDevices(links: readonly Link[]): Promise<void> {
    const known = new Set([...this.#sandboxes.values()].flatMap(({ endpoints }) => endpoints.map(({ veth }) => veth)))
    const stray = links.filter(({ alias, name = '' }) => {
      const device = parseDeviceAlias(alias)
      return device?.instanceId === this.#host.instance.id && device.purpose.kind === 'endpoint' && !known.has(name)
    })
    await this.#host.links.delete(stray.map(({ index }) => index))
  }

  async #removeLeasesBut(networks: readonly Network[]): Promise<void> {
    const { dataDir } = this.#options
    const kept = new Set(networks.map(({ id }) => `${id}.json`))
    const files = (await readdir(dataDir)).filter(name => /^[0-9a-f]{64}\.json(\.new)?$/.test(name) && !kept.has(name))
    await settleAll(files.map(name => rm(join(dataDir, name), { force: true })))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled().catch(() => {}) // the next one removes what is left
    await this.#bridges.flush()
    await this.#resources.disposeAsync()
  }
}
