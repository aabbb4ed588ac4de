import { randomBytes } from 'node:crypto'
import type { EndpointSpec, Network, PortSpec } from '../../src/network/network.ts'

export const newId = () => randomBytes(32).toString('hex')

export function endpointOn(network: Network, name: string, more: Partial<EndpointSpec> = {}): EndpointSpec {
  return { networkId: network.id, leaseKey: name, dnsNames: [name], gatewayPriority: 0, ...more }
}

export const port = (containerPort: number, hostPort?: number, hostIp?: string): PortSpec => ({
  protocol: 'tcp',
  containerPort,
  ...(hostPort !== undefined && { hostPort: { from: hostPort, to: hostPort } }),
  ...(hostIp !== undefined && { hostIp }),
})
