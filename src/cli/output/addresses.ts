import { label } from '../../compose/labels.ts'
import type { ContainerSummary } from '../../engine/api.ts'

const schemes: Readonly<Record<number, string>> = { 80: 'http://', 443: 'https://' }
const everywhere = ['', '0.0.0.0', '::']
const loopback = ['127.0.0.1', '::1']

const padded = (port: number): string => String(port).padStart(5)

/** `web  http://localhost:8080 -> 80`: one line for each published port, however many addresses it is bound to, in the order of `ports`. */
export function addressLines(containers: readonly ContainerSummary[]): string[] {
  const rows = new Map<string, { readonly text: string; readonly order: string }>()
  for (const { Labels, Ports } of containers)
    for (const { IP = '', PrivatePort, PublicPort, Type } of Ports) {
      if (PublicPort === undefined) continue
      const service = Labels[label.service] ?? ''
      const isOpen = everywhere.includes(IP)
      const host = isOpen || loopback.includes(IP) ? 'localhost' : IP.includes(':') ? `[${IP}]` : IP
      const address = `${schemes[PrivatePort] ?? ''}${host}:${PublicPort}${Type === 'tcp' ? '' : `/${Type}`}`
      const start = `${service.padEnd(12)} ${address.padEnd(28)} -> ${PrivatePort}`
      const order = [service, Type === 'tcp' ? 0 : 1, ...[PrivatePort, PublicPort].map(padded), address].join('\0')
      // Who opens a port to the world should see it.
      if (isOpen || !rows.has(start))
        rows.set(start, { text: `${start}${isOpen ? '  (on all addresses)' : ''}`, order })
    }
  return [...rows.values()].sort((a, b) => (a.order < b.order ? -1 : 1)).map(({ text }) => `  ${text}`)
}
