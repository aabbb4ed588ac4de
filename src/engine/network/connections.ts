import { readFileSync, writeFileSync } from 'node:fs'
import type { Endpoint, Sandbox } from '../../network/network.ts'
import type { EndpointSettings, NetworkInspect } from '../api.ts'
import type { Container } from '../container/container.ts'
import { emitEndpoints } from '../container/events.ts'
import { linksOf } from '../container/links.ts'
import { adoptPrivateNetwork, endpointOwner, isPrivate } from '../container/networking.ts'
import { saveRun } from '../container/run-record.ts'
import { isAlive } from '../container/state.ts'
import type { Context } from '../context.ts'
import { invalid, stateConflict } from '../failures.ts'
import { parseNetworkMode } from '../translate/namespace-modes.ts'
import { dnsNames, endpointId, toEndpointSpec } from './endpoints.ts'
import type { NetworkRecord } from './record.ts'

/** The containers that are on a network now, with their endpoints. */
export const connectedTo = (
  { containers }: Pick<Context, 'containers'>,
  networkId: string,
): readonly { readonly container: Container; readonly endpoint: Endpoint }[] =>
  containers.all().flatMap(container => {
    const endpoint = container.sandbox?.endpoints.find(one => one.networkId === networkId)
    return endpoint ? [{ container, endpoint }] : []
  })

/** `Containers` of a network's inspect. */
export const connectedContainers = (context: Context, networkId: string): NetworkInspect['Containers'] =>
  Object.fromEntries(
    connectedTo(context, networkId).map(({ container, endpoint }) => [
      container.id,
      {
        Name: container.name,
        EndpointID: endpointId(container.id, networkId),
        MacAddress: endpoint.macAddress ?? '',
        IPv4Address: endpoint.ipv4Address ? `${endpoint.ipv4Address}/${endpoint.ipv4PrefixLength}` : '',
        IPv6Address: endpoint.ipv6Address ? `${endpoint.ipv6Address}/${endpoint.ipv6PrefixLength}` : '',
      },
    ]),
  )

const keyOf = ({ record }: Container, { id, name }: NetworkRecord): string | undefined =>
  Object.keys(record.endpoints).find(key => key === name || key === id)

/** Puts a container on a further network: at once if it has a network namespace, otherwise from its next start on. */
export async function connectContainer(
  context: Context,
  network: NetworkRecord,
  container: Container,
  settings: EndpointSettings = {},
): Promise<void> {
  await container.serial.run(async () => {
    assertChangeable(container)
    if (network.driver === 'host') throw hostNetworkStays()
    if (network.configOnly) throw invalid('cannot create endpoint on configuration-only network')
    if (network.driver === 'null' ? Object.keys(container.record.endpoints).length > 0 : isPrivate(container)) {
      throw invalid(
        'container cannot be connected to multiple networks with one of the networks in private (none) mode',
      )
    }
    if (keyOf(container, network) !== undefined && !isStale(container, network)) {
      throw stateConflict(`endpoint with name ${container.name} already exists in network ${network.name}`)
    }
    const spec = toEndpointSpec(endpointOwner(container), network, settings, linksOf(context, settings.Links))
    const endpoints = { ...container.record.endpoints, [network.name]: settings }
    const sandbox = container.sandbox ?? (await adoptPrivateNetwork(context, container))
    if (!sandbox) return await container.change({ endpoints })
    await context.networks.ensure(network)
    await context.networkLayer.connect(container.id, spec)
    followSandbox(context, container)
    try {
      await container.change({ endpoints })
    } catch (error) {
      await context.networkLayer.disconnect(container.id, network.id)
      followSandbox(context, container)
      throw error
    }
    emitEndpoints(context, container, [network.id], 'connect')
  })
}

/** Whether a container that runs has lost an endpoint that it is meant to have. */
const isStale = ({ sandbox }: Container, { id }: NetworkRecord): boolean =>
  sandbox !== undefined && !sandbox.endpoints.some(({ networkId }) => networkId === id)

/** Takes a container off a network. @throws TscomposeError ENGINE_REQUEST_INVALID if it is not on it */
export async function disconnectContainer(
  context: Context,
  network: NetworkRecord,
  container: Container,
): Promise<void> {
  await container.serial.run(async () => {
    assertChangeable(container)
    if (network.driver === 'host') throw hostNetworkStays()
    const key = keyOf(container, network)
    if (key === undefined) throw invalid(`container ${container.id} is not connected to network ${network.name}`)
    const { [key]: _, ...endpoints } = container.record.endpoints
    await container.change({ endpoints })
    const { sandbox } = container
    if (!sandbox?.endpoints.some(({ networkId }) => networkId === network.id)) return
    await context.networkLayer.disconnect(container.id, network.id)
    followSandbox(context, container)
    emitEndpoints(context, container, [network.id], 'disconnect')
  })
}

/** Makes a container that runs known by its new name on its networks. */
export async function renameEndpoints(context: Context, container: Container): Promise<void> {
  const { sandbox, record } = container
  if (!sandbox) return
  const names = sandbox.endpoints.flatMap(({ networkId }) => {
    const network = context.networks.get(networkId)
    if (!network) return []
    const settings = record.endpoints[keyOf(container, network) ?? '']
    return [[networkId, dnsNames(endpointOwner(container), network, settings?.Aliases ?? [])] as const]
  })
  await context.networkLayer.rename(container.id, container.name, Object.fromEntries(names))
  followSandbox(context, container)
}

const hostNetworkStays = () =>
  invalid('container cannot be disconnected from host network or connected to host network')

function assertChangeable({ removing, id, record }: Container): void {
  if (removing) {
    throw stateConflict(`Container ${id} is marked for removal and cannot be connected or disconnected to the network`)
  }
  const mode = parseNetworkMode(record.hostConfig.NetworkMode)
  if (mode === 'host' || (typeof mode === 'object' && 'container' in mode)) {
    throw invalid(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    )
  }
}

/** Joining or leaving a network changes addresses and perhaps published ports, which the next engine must know, too. */
export function followSandbox(context: Context, container: Container): void {
  const before = container.sandbox
  container.sandbox = context.networkLayer.sandbox(container.id) ?? before
  if (before && container.sandbox) followResolvConf(container, before, container.sandbox)
  if (container.run && isAlive(container.state)) saveRun(container, container.run)
}

/** The first network brings a name server. What somebody in the container has written there is left as it is. */
function followResolvConf({ directory }: Container, before: Sandbox, { resolvConf }: Sandbox): void {
  if (resolvConf === before.resolvConf) return
  // In place: the container has this very file.
  if (readFileSync(directory.resolvConf, 'utf8') === before.resolvConf) writeFileSync(directory.resolvConf, resolvConf)
}
