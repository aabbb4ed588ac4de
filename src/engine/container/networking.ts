import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { hostname as machineName } from 'node:os'
import type { DnsSpec, Endpoint, EndpointSpec, Sandbox } from '../../network/network.ts'
import type { NamespaceChoice } from '../../runtime/spec.ts'
import type { Context } from '../context.ts'
import { isRestarting, stateConflict } from '../failures.ts'
import { toEndpointSpec } from '../network/endpoints.ts'
import { toPortSpecs } from '../network/ports.ts'
import { hostResolvConf } from '../network/resolv-conf.ts'
import { networkSysctls } from '../translate/container-spec.ts'
import { type HostEntry, ownNames, renderHosts, translateExtraHosts } from '../translate/extra-hosts.ts'
import { parseNetworkMode } from '../translate/namespace-modes.ts'
import type { Container } from './container.ts'
import { linkedHosts, linksOf } from './links.ts'
import { isAlive } from './state.ts'

/** The network of a container that is about to start. */
export interface ContainerNetwork {
  readonly namespace: NamespaceChoice
  readonly hostname: string
  /** Absent where the namespace is the host's or another container's. */
  readonly sandbox?: Sandbox
}

/**
 * Gives a container its network, and writes the three files of /etc that tell it about it. A sandbox that the container
 * still has from before a restart is used again: its addresses stay, and so does who has joined it.
 */
export async function setUpNetwork(context: Context, container: Container): Promise<ContainerNetwork> {
  const { hostConfig, config } = container.record
  const mode = parseNetworkMode(hostConfig.NetworkMode)
  const hostname = config.Hostname || machineName()
  if (mode === 'host') {
    const hosts = readHostFile('/etc/hosts') ?? renderHosts([])
    const resolvConf = hostResolvConf(readHostFile('/etc/resolv.conf') ?? '', dnsOf(context, container))
    const extra = translateExtraHosts(hostConfig.ExtraHosts ?? [], context.config.hostGatewayIp || '127.0.0.1')
    const lines = extra.map(({ address, names }) => `${address}\t${names.join(' ')}\n`)
    writeFiles(container, `${hosts}${lines.join('')}`, hostname, resolvConf)
    return { namespace: 'host', hostname }
  }
  if (typeof mode === 'object' && 'container' in mode) return await joinNetwork(context, container, mode.container)
  if (isPrivate(container)) {
    const resolvConf = context.networkLayer.unconnectedResolvConf(dnsOf(context, container))
    writeFiles(container, hostsOf(context, container, [], hostname), hostname, resolvConf)
    return { namespace: 'private', hostname }
  }
  await dropBrokenSandbox(context, container)
  container.sandbox ??= await createSandbox(context, container)
  const { sandbox } = container
  writeFiles(container, hostsOf(context, container, sandbox.endpoints, hostname), hostname, sandbox.resolvConf)
  return { namespace: { path: sandbox.netnsPath }, hostname, sandbox }
}

/** A network that somebody has taken apart meanwhile is made anew. */
async function dropBrokenSandbox({ networkLayer }: Context, container: Container): Promise<void> {
  if (!container.sandbox || networkLayer.isWhole(container.id)) return
  container.sandbox = undefined
  await networkLayer.removeSandbox(container.id)
}

function readHostFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // a host without it
  }
}

/** Three short files in the run-time directory, which is in memory: there is nothing to wait for. */
function writeFiles({ directory }: Container, hosts: string, hostname: string, resolvConf: string): void {
  mkdirSync(directory.run, { recursive: true })
  writeForAll(directory.hosts, hosts)
  writeForAll(directory.hostname, `${hostname}\n`)
  writeForAll(directory.resolvConf, resolvConf)
}

/** Users of the container have to read it, whatever the engine's umask is. */
function writeForAll(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o644 })
  if ((process.umask() & 0o044) !== 0) chmodSync(file, 0o644)
}

/** Lives in the network of another container, and sees its names. */
async function joinNetwork(context: Context, container: Container, reference: string): Promise<ContainerNetwork> {
  const donor = context.containers.find(reference)
  if (donor === container) throw stateConflict('cannot join own network namespace')
  if (donor.state.status === 'restarting') throw isRestarting(donor.id)
  if (!isAlive(donor.state)) {
    throw stateConflict(
      `cannot join network namespace of a non running container: container ${donor.name} is ${donor.state.status}`,
    )
  }
  const [hosts, hostname, resolvConf] = await Promise.all(
    [donor.directory.hosts, donor.directory.hostname, donor.directory.resolvConf].map(file => readFile(file, 'utf8')),
  )
  writeFiles(container, hosts ?? '', hostname?.trim() ?? '', resolvConf ?? '')
  const { run } = donor
  if (!run) throw stateConflict(`container ${donor.id} is not running`)
  const { network } = run.spec.namespaces
  return {
    namespace: network === 'private' ? { path: `/proc/${run.process.pid}/ns/net` } : network,
    hostname: hostname?.trim() ?? '',
  }
}

/** On the network `none`, until it is taken off that. */
export const isPrivate = ({ record: { endpoints } }: Container): boolean => 'none' in endpoints

/**
 * Has the network layer take over the namespace of a container that runs without a network.
 * @returns undefined if it does not run, or shares the network of somebody else
 */
export async function adoptPrivateNetwork(context: Context, container: Container): Promise<Sandbox | undefined> {
  const { run } = container
  if (run?.spec.namespaces.network !== 'private') return undefined
  container.sandbox ??= await createSandbox(context, container, `/proc/${run.process.pid}/ns/net`)
  return container.sandbox
}

async function createSandbox(context: Context, container: Container, namespace?: string): Promise<Sandbox> {
  const { id, name, record } = container
  const { config, hostConfig } = record
  return await context.networkLayer.createSandbox({
    containerId: id,
    containerName: name,
    endpoints: await endpointSpecs(context, container),
    ports: toPortSpecs(hostConfig.PortBindings ?? {}, config.ExposedPorts ?? {}, hostConfig.PublishAllPorts === true),
    dns: dnsOf(context, container),
    sysctl: networkSysctls(hostConfig),
    ...(namespace !== undefined && { namespace }),
  })
}

/** The network of the network mode comes first, so that it is `eth0`. */
async function endpointSpecs(context: Context, container: Container): Promise<EndpointSpec[]> {
  const { record } = container
  const first = parseNetworkMode(record.hostConfig.NetworkMode)
  const primary = typeof first === 'object' && 'network' in first ? context.networks.find(first.network) : undefined
  const endpoints = Object.entries(record.endpoints).map(([name, settings]) => ({
    network: context.networks.find(name),
    settings,
  }))
  endpoints.sort((a, b) => Number(b.network === primary) - Number(a.network === primary))
  return await Promise.all(
    endpoints.map(async ({ network, settings }) => {
      await context.networks.ensure(network)
      const ofContainer = network === primary ? linksOf(context, record.hostConfig.Links) : {}
      const links = { ...ofContainer, ...linksOf(context, settings.Links) }
      return toEndpointSpec(endpointOwner(container), network, settings, links)
    }),
  )
}

export const endpointOwner = ({ id, name, record }: Container) => ({ id, name, config: record.config })

function dnsOf({ config }: Context, { record }: Container): DnsSpec {
  const { Dns, DnsSearch, DnsOptions } = record.hostConfig
  return {
    servers: Dns?.length ? Dns : config.dns,
    search: DnsSearch?.length ? DnsSearch : config.dnsSearch,
    options: DnsOptions?.length ? DnsOptions : config.dnsOpts,
  }
}

function hostsOf(context: Context, container: Container, endpoints: readonly Endpoint[], hostname: string): string {
  const { config, hostConfig } = container.record
  const [first] = endpoints
  const own: HostEntry[] = endpoints.flatMap(({ ipv4Address, ipv6Address }) =>
    [ipv4Address, ipv6Address]
      .flatMap(address => (address ? [address] : []))
      .map(address => ({ address, names: ownNames(hostname, config.Domainname) })),
  )
  return renderHosts([
    ...translateExtraHosts(hostConfig.ExtraHosts ?? [], gatewayOf(context, first)),
    ...linkedHosts(context, container),
    ...own,
  ])
}

/** Where the host is, for a container on networks of its own. */
const gatewayOf = ({ config }: Context, endpoint: Endpoint | undefined): string | undefined =>
  config.hostGatewayIp || endpoint?.gateway || endpoint?.ipv6Gateway
