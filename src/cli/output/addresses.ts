import { label } from '../../compose/labels.ts'
import type { ContainerSummary } from '../../engine/api.ts'

const schemes: Readonly<Record<number, string>> = { 80: 'http://', 443: 'https://' }
const everywhere = ['', '0.0.0.0', '::']
const loopback = ['127.0.0.1', '::1']

/** `web  http://localhost:8080 -> 80`: one line for each published port, however many addresses it is bound to. */
export function addressLines(containers: readonly ContainerSummary[]): string[] {
  const rows = new Map<string, string>()
  for (const { Labels, Ports } of containers)
    for (const { IP = '', PrivatePort, PublicPort, Type } of Ports) {
      if (PublicPort === undefined) continue
      const isOpen = everywhere.includes(IP)
      const host = isOpen || loopback.includes(IP) ? 'localhost' : IP.includes(':') ? `[${IP}]` : IP
      const address = `${schemes[PrivatePort] ?? ''}${host}:${PublicPort}${Type === 'tcp' ? '' : `/${Type}`}`
      const start = `${(Labels[label.service] ?? '').padEnd(12)} ${address.padEnd(28)} -> ${PrivatePort}`
      // Who opens a port to the world should see it.
      if (isOpen || !rows.has(start)) rows.set(start, `${start}${isOpen ? '  (on all addresses)' : ''}`)
    }
  return [...rows.values()].sort().map(row => `  ${row}`)
}
