import { TscomposeError } from '../../errors.ts'
import type { Family } from '../addresses/address.ts'
import type { GatewayMode } from '../bridge-options.ts'
import type { PortSpec } from '../network.ts'

/** What decides where the ports of a network's containers are to be found. */
export interface Ways {
  readonly networkName: string
  readonly modes: Readonly<Record<Family, GatewayMode>>
  /** Whether the network has addresses of a family. */
  readonly has: Readonly<Record<Family, boolean>>
  /** Whether packets of a family get from the host to the containers. */
  readonly forwards: Readonly<Record<Family, boolean>>
}

/** Where a port is published. */
export interface Places {
  /** Addresses of the host. */
  readonly bound: readonly string[]
  /** Families in which the port is open on the container's own address instead. */
  readonly direct: readonly Family[]
}

const anywhere = { 4: '0.0.0.0', 6: '::' } as const

/** Every address of the host in the family of this one. */
export const isAnywhere = (address: string): boolean => address === anywhere[4] || address === anywhere[6]

/**
 * @param hostIp undefined: every address
 * @throws TscomposeError NETWORK_NOT_SUPPORTED if the port cannot be had on the address that `spec` names
 */
export function placesOf(
  { protocol, containerPort, hostIp: named }: PortSpec,
  hostIp: string | undefined,
  ways: Ways,
): Places {
  const refuse = (why: string, fix: string): never => {
    throw new TscomposeError(
      'NETWORK_NOT_SUPPORTED',
      `port ${containerPort}/${protocol} cannot be published${named ? ` on ${named}` : ''}: ${why}`,
      { fix },
    )
  }
  const bound: string[] = []
  const direct: Family[] = []
  for (const address of hostIp ? [hostIp] : [anywhere[4], anywhere[6]]) {
    const family: Family = address.includes(':') ? 6 : 4
    // What comes by a family that the containers do not have is carried to the other by a proxy.
    const to = ways.has[family] ? family : family === 4 ? 6 : 4
    const isCarried = to !== family || !ways.forwards[family] || address === '::1'
    if (ways.modes[to] !== 'routed') {
      if (protocol !== 'sctp' || !isCarried) bound.push(address)
      else if (named)
        refuse('no proxy carries SCTP', 'The host must forward that family, and the network must have addresses of it.')
    } else if (named && !isAnywhere(named))
      refuse(
        `network ${ways.networkName} is routed, its containers are reached on their own addresses`,
        'Leave the address out, or the gateway_mode of the network.',
      )
    else if (to === family) direct.push(family)
  }
  if (bound.length + direct.length === 0)
    refuse(`nothing leads from there to network ${ways.networkName}`, 'Give the network addresses of that family.')
  return { bound, direct }
}
