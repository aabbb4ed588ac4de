import type { ContainerSummary } from '../../engine/api.ts'

/** A published port, at the address by which programs on this machine reach it. */
export interface PortRow {
  readonly Service: string
  /** Of the replica, from 1. */
  readonly Number: number
  readonly Name: string
  readonly TargetPort: number
  readonly Protocol: string
  readonly Host: string
  readonly PublishedPort: number
}

interface Ported {
  readonly service: string
  readonly number: number
  readonly name: string
  readonly ports: ContainerSummary['Ports']
}

/** What is published on all addresses is reached by 127.0.0.1; its IPv6 twin is not told again. */
export function portRows(containers: readonly Ported[]): PortRow[] {
  const rows = new Map<string, PortRow>()
  for (const { service, number, name, ports } of containers)
    for (const { IP = '', PrivatePort, PublicPort, Type } of ports) {
      if (PublicPort === undefined) continue
      const Host = ['', '0.0.0.0', '::'].includes(IP) ? '127.0.0.1' : IP
      const row = {
        Service: service,
        Number: number,
        Name: name,
        TargetPort: PrivatePort,
        Protocol: Type,
        Host,
        PublishedPort: PublicPort,
      }
      rows.set([name, PrivatePort, Type, Host, PublicPort].join(), row)
    }
  return [...rows.values()].sort(
    (a, b) =>
      (a.Service < b.Service ? -1 : Number(a.Service > b.Service)) ||
      a.Number - b.Number ||
      Number(a.Protocol !== 'tcp') - Number(b.Protocol !== 'tcp') ||
      a.TargetPort - b.TargetPort,
  )
}

/**
 * Lines of an env file. `WEB_HOST` and `WEB_PORT` are those of the lowest TCP port, `WEB_PORT_80` that of port 80;
 * `WEB_2_...` of the second replica, and `DNS_PORT_53_UDP` of what is no TCP port.
 */
export function renderVariables(rows: readonly PortRow[]): string {
  const variables = new Map<string, string>()
  const set = (name: string, value: string | number) => {
    if (!variables.has(name)) variables.set(name, String(value))
  }
  for (const { Service, Number: number, TargetPort, Protocol, Host, PublishedPort } of rows) {
    const service = Service.toUpperCase().replace(/[^A-Z0-9]/g, '_')
    const prefix = number === 1 ? service : `${service}_${number}`
    set(`${prefix}_HOST`, Host)
    set(`${prefix}_PORT`, PublishedPort)
    set(`${prefix}_PORT_${TargetPort}${Protocol === 'tcp' ? '' : `_${Protocol.toUpperCase()}`}`, PublishedPort)
  }
  return [...variables].map(([name, value]) => `${name}=${value}\n`).join('')
}
