import { TscomposeError } from '../../errors.ts'
import type { SubnetSpec } from '../../network/network.ts'
import type { IPAM, NetworkCreateRequest } from '../api.ts'
import { invalid, notSupported } from '../failures.ts'
import { newId } from '../ids.ts'
import { isPredefined, type NetworkDriver, type NetworkRecord } from './record.ts'

export const predefinedRecord = (name: string, driver: NetworkRecord['driver']): NetworkRecord => ({
  version: 1,
  id: newId(),
  name,
  created: new Date().toISOString(),
  driver,
  internal: false,
  attachable: false,
  enableIPv4: true,
  enableIPv6: false,
  ipam: { Driver: 'default', Config: [], Options: null },
  options: driver === 'bridge' ? { 'com.docker.network.bridge.default_bridge': 'true' } : {},
  labels: {},
})

export const toSubnets = ({ Config = [] }: IPAM): SubnetSpec[] =>
  (Config ?? []).map(({ Subnet, Gateway, IPRange, AuxiliaryAddresses }) => {
    if (!Subnet) throw invalid('invalid network config: a subnet is missing in the IPAM configuration')
    return {
      subnet: Subnet,
      ...(Gateway && { gateway: Gateway }),
      ...(IPRange && { ipRange: IPRange }),
      ...(AuxiliaryAddresses && { auxAddresses: AuxiliaryAddresses }),
    }
  })

function parseDriver(name = ''): NetworkDriver {
  if (name === '' || name === 'default') return 'bridge'
  if (name === 'bridge' || name === 'macvlan' || name === 'ipvlan') return name
  if (name === 'host' || name === 'null') throw invalid(`only one instance of "${name}" network is allowed`)
  if (name === 'overlay')
    throw new TscomposeError(
      'ENGINE_NOT_SUPPORTED',
      'network driver "overlay" needs a Swarm cluster, which tscompose does not make',
      { fix: 'On one machine "bridge" does the same; "macvlan" joins containers of several machines on one LAN.' },
    )
  throw notSupported(`network driver "${name}"`)
}

/**
 * What is to be kept of a network that is asked for.
 * @param find by name, for a network that takes its configuration from another
 * @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_NETWORK_PREDEFINED, ENGINE_NOT_SUPPORTED
 */
export function parseRequest(
  request: NetworkCreateRequest,
  find: (name: string) => NetworkRecord | undefined,
): NetworkRecord {
  const { Name, Driver, Scope, Ingress, ConfigOnly, ConfigFrom, IPAM: ipam } = request
  if (!Name?.trim()) throw invalid('invalid name: name is empty')
  if (isPredefined(Name)) {
    throw new TscomposeError('ENGINE_NETWORK_PREDEFINED', `operation is not permitted on predefined ${Name} network`)
  }
  const driver = parseDriver(Driver)
  if (ipam?.Driver && ipam.Driver !== 'default') throw notSupported(`IPAM driver "${ipam.Driver}"`)
  if (Scope && Scope !== 'local') throw notSupported(`network scope "${Scope}"`)
  if (Ingress) throw notSupported('ingress networks')
  if (ConfigOnly) checkConfiguration(request)
  const configuration = ConfigFrom?.Network ? configurationOf(request, find(ConfigFrom.Network)) : undefined
  const record: NetworkRecord = {
    ...predefinedRecord(Name, driver),
    options: request.Options ?? {},
    internal: request.Internal === true,
    attachable: request.Attachable === true,
    enableIPv4: request.EnableIPv4 !== false,
    enableIPv6: request.EnableIPv6 === true,
    ipam: { Driver: 'default', Config: ipam?.Config ?? [], Options: ipam?.Options ?? null },
    labels: request.Labels ?? {},
    ...(ConfigOnly && { driver: 'null', configOnly: true }),
    ...configuration,
  }
  toSubnets(record.ipam)
  return record
}

/** A configuration says how networks are to be, and not what they are for. */
function checkConfiguration({ Internal, Attachable, ConfigFrom, Scope }: NetworkCreateRequest): void {
  if (Internal || Attachable || Scope === 'global')
    throw invalid(
      'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.',
    )
  if (ConfigFrom?.Network) throw invalid('a configuration network cannot depend on another configuration network')
}

/** What a network has of the configuration that it names. */
function configurationOf(
  { ConfigFrom, IPAM: ipam, Options, Labels, EnableIPv4, EnableIPv6 }: NetworkCreateRequest,
  configuration: NetworkRecord | undefined,
): Partial<NetworkRecord> {
  const name = ConfigFrom?.Network ?? ''
  if (!configuration?.configOnly) throw invalid(`configuration network "${name}" does not exist`)
  const isEmpty = (texts: object | null | undefined) => Object.keys(texts ?? {}).length === 0
  const isOwn =
    ipam?.Config?.length || !isEmpty(ipam?.Options) || !isEmpty(Labels) || EnableIPv4 === false || EnableIPv6
  if (isOwn)
    throw invalid('user specified configurations are not supported if the network depends on a configuration network')
  if (!isEmpty(Options))
    throw invalid('network driver options are not supported if the network depends on a configuration network')
  const { enableIPv4, enableIPv6, ipam: addresses, options, labels } = configuration
  return { configFrom: name, enableIPv4, enableIPv6, ipam: addresses, options, labels }
}
