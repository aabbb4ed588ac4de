import { parsePorts } from '../../compose/load/syntax/ports.ts'
import type { PortMap } from '../../engine/api.ts'
import { badFlag, parsed } from './parsed.ts'

export interface Ports {
  readonly exposed: Record<string, object>
  readonly bindings: PortMap
}

/** `--publish` and `--expose`. A published port is exposed as well. */
export function parsePortFlags(publish: readonly string[], expose: readonly string[]): Ports {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const { target, protocol, hostIp = '', published = '' } of publish.flatMap(text => parsed(parsePorts, text))) {
    const port = `${target}/${protocol}`
    bindings[port] = [...(bindings[port] ?? []), { HostIp: hostIp, HostPort: published }]
  }
  const names = [...Object.keys(bindings), ...expose.flatMap(parseExposed)]
  return { exposed: Object.fromEntries(names.map(name => [name, {}])), bindings }
}

/** `80`, `80/udp` or `8000-8010` */
function parseExposed(text: string): string[] {
  if (text.includes(':')) throw badFlag(`invalid port format for --expose: ${text}`)
  try {
    return parsePorts(text).map(({ target, protocol }) => `${target}/${protocol}`)
  } catch (error) {
    throw badFlag(`invalid range format for --expose: ${text}, error: ${(error as Error).message}`)
  }
}
