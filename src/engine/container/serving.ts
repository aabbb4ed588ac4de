import { readFileSync } from 'node:fs'
import { readAddress } from '../../network/addresses/address.ts'
import { parseSocketTable } from '../../network/ports/owner.ts'
import type { Container } from './container.ts'
import type { Run } from './run.ts'

/**
 * Whether a container is past the time at which it listens to nobody but itself, though it exposes TCP ports. While they
 * make their first database, the images of PostgreSQL, MySQL, MariaDB and MongoDB run a server that can only be reached
 * from within, and then start it anew: the usual probes (`pg_isready`, `mysqladmin ping`) take it for ready. Docker's
 * first probe mostly comes too late to meet it.
 */
export function isServing({ record }: Container, { process: { pid } }: Run): boolean {
  if (!Object.keys(record.config.ExposedPorts ?? {}).some(port => !/\/(udp|sctp)$/.test(port))) return true
  const tcp = ['tcp', 'tcp6']
    .flatMap(name => parseSocketTable(readTable(pid, name)))
    .filter(({ listening }) => listening)
  if (tcp.some(({ address }) => !isLoopback(address))) return true
  // Our own name server is in there as well.
  const listensToItself = tcp.some(({ address }) => address !== '127.0.0.11') || hasUnixListener(readTable(pid, 'unix'))
  return !listensToItself
}

/** Whether a socket of unix(7) accepts connections: __SO_ACCEPTCON among its flags. */
const hasUnixListener = (table: string): boolean => / 00010000 /.test(table)

function readTable(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/net/${name}`, 'utf8')
  } catch {
    return '' // no IPv6 here, or it has just ended
  }
}

/** 127.0.0.0/8, as an IPv6 socket has it (`::ffff:127.0.0.1`), too, and `::1`. */
function isLoopback(address: string): boolean {
  const { family, value } = readAddress(address) ?? { family: 4, value: 0n }
  return family === 4 ? value >> 24n === 127n : value === 1n || value >> 24n === 0xffff7fn
}
