import { label } from '../../compose/labels.ts'
import type { ContainerSummary } from '../../engine/api.ts'

/** ` web  http://localhost:8080 -> 80`: one line for each published port, however many addresses it is bound to. */
export function addressLines(containers: readonly ContainerSummary[]): string[] {
  const rows = new Map<string, string>()
  for (const { Labels, Ports } of containers)
    for (const { IP = '', PrivatePort, PublicPort, Type } of Ports) {
      if (PublicPort === undefined) continue
      const host = ['0.0.0.0', '::', '127.0.0.1', '::1', ''].includes(IP)
        ? 'localhost'
        : IP.includes(':')
          ? `[${IP}]`
          : IP
      const scheme =
        { 80: 'http://', 443: 'https://' }[PrivatePort] ??
        (PrivatePort >= 3000 && PrivatePort < 9000 && Type === 'tcp' ? '' : '')
      const service = Labels[label.service] ?? ''
      const everywhere = IP === '0.0.0.0' || IP === '::' || IP === ''
      const address = `${scheme}${host}:${PublicPort}${Type === 'tcp' ? '' : `/${Type}`}`
      const key = `${service} ${address}`
      if (!rows.has(key) || everywhere)
        rows.set(
          key,
          `${service.padEnd(12)} ${address.padEnd(28)} -> ${PrivatePort}${everywhere ? '  (on all addresses)' : ''}`,
        )
    }
  return [...rows.values()].sort().map(row => `  ${row}`)
}
