import type { Network } from '../../network/network.ts'
import type { IPAM, Labels } from '../api.ts'

export type NetworkDriver = 'bridge' | 'macvlan' | 'ipvlan' | 'host' | 'null'

/** What is kept of a network on disk. */
export interface NetworkRecord {
  readonly version: 1
  readonly id: string
  readonly name: string
  readonly created: string
  readonly driver: NetworkDriver
  readonly internal: boolean
  readonly attachable: boolean
  readonly enableIPv4: boolean
  readonly enableIPv6: boolean
  /** As it was asked for. */
  readonly ipam: IPAM
  readonly options: Labels
  readonly labels: Labels
  /** It is no network, but what others are made after. */
  readonly configOnly?: boolean
  /** The name of the network it was made after. */
  readonly configFrom?: string
  /** What the network layer made of it; absent with `host` and `none`, and with `bridge` before its first use. */
  readonly network?: Network
}

export function isNetworkRecord(value: unknown): value is NetworkRecord {
  const record = value as Partial<NetworkRecord> | null
  return (
    typeof record === 'object' &&
    record?.version === 1 &&
    [record.id, record.name, record.driver].every(text => typeof text === 'string')
  )
}

/** The networks that always are there, by their names. */
export const predefined = { bridge: 'bridge', host: 'host', none: 'null' } as const

export const isPredefined = (name: string): boolean => name in predefined || name === 'default'
