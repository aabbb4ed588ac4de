import type { Filters, Labels } from './common.ts'
import type { EndpointSettings } from './container-config.ts'

export interface IPAM {
  Driver?: string
  Config?: { Subnet?: string; IPRange?: string; Gateway?: string; AuxiliaryAddresses?: Labels }[]
  Options?: Labels | null
}

export interface NetworkCreateRequest {
  Name: string
  Driver?: string
  Scope?: string
  Internal?: boolean
  Attachable?: boolean
  Ingress?: boolean
  ConfigOnly?: boolean
  ConfigFrom?: { Network?: string }
  IPAM?: IPAM
  EnableIPv4?: boolean
  EnableIPv6?: boolean
  Options?: Labels
  Labels?: Labels
}

export interface NetworkInspect {
  Name: string
  Id: string
  Created: string
  Scope: string
  Driver: string
  EnableIPv4: boolean
  EnableIPv6: boolean
  IPAM: IPAM
  Internal: boolean
  Attachable: boolean
  Ingress: boolean
  ConfigFrom: { Network: string }
  ConfigOnly: boolean
  Containers: Record<
    string,
    { Name: string; EndpointID: string; MacAddress: string; IPv4Address: string; IPv6Address: string }
  >
  Options: Labels
  Labels: Labels
}

export interface NetworkOperations {
  networkList(options?: { filters?: Filters }): Promise<NetworkInspect[]>
  networkInspect(id: string): Promise<NetworkInspect>
  networkCreate(request: NetworkCreateRequest): Promise<{ Id: string; Warning: string }>
  networkDelete(id: string): Promise<void>
  /** Removes the networks that no container is on. @returns their names */
  networkPrune(options?: { filters?: Filters }): Promise<{ NetworksDeleted: string[] }>
  networkConnect(id: string, container: string, endpoint?: EndpointSettings): Promise<void>
  networkDisconnect(id: string, container: string, force?: boolean): Promise<void>
}
