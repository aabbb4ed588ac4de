import { readFileSync, readlinkSync } from 'node:fs'
import { posix } from 'node:path'
import { readAddress } from '../../network/addresses/address.ts'
import { parseSocketTable } from '../../network/ports/owner.ts'
import type { Container } from './container.ts'
import type { Run } from './run.ts'

/**
 * Whether a container is past the time at which a script of its image runs a server for itself. While they make their
 * first database, the images of PostgreSQL, MySQL, MariaDB and MongoDB have a shell as their main process, and a server
 * that can only be reached from within; then the shell executes the server anew, for everybody. The usual probes
 * (`pg_isready`, `mysqladmin ping`) take the first for the second.
 */
export function isServing({ record }: Container, run: Run): boolean {
  const { pid } = run.process
  if (!Object.keys(record.config.ExposedPorts ?? {}).some(port => !/\/(udp|sctp)$/.test(port))) return true
  if (!isShell(mainProcess(run))) return true
  const tcp = ['tcp', 'tcp6']
    .flatMap(name => parseSocketTable(read(`/proc/${pid}/net/${name}`)))
    .filter(({ listening }) => listening)
  if (tcp.some(({ address }) => !isLoopback(address))) return true
  // Our own name server is in there as well.
  const listensToItself = tcp.some(({ address }) => address !== '127.0.0.11')
  return !(listensToItself || hasUnixListener(read(`/proc/${pid}/net/unix`)))
}

/** The program that the container was started for: process 1, or what our init started. */
function mainProcess({ process: { pid }, spec }: Run): number {
  if (!spec.init || spec.namespaces.pid !== 'private') return pid
  return Number(read(`/proc/${pid}/task/${pid}/children`).split(' ', 1)[0]) || pid
}

function isShell(pid: number): boolean {
  try {
    return /^(ba|da|a)?sh$|^busybox/.test(posix.basename(readlinkSync(`/proc/${pid}/exe`)))
  } catch {
    return false // it has just ended
  }
}

/** Whether a socket of unix(7) accepts connections: __SO_ACCEPTCON among its flags. */
const hasUnixListener = (table: string): boolean => / 00010000 /.test(table)

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // no IPv6 here, or it has just ended
  }
}

/** 127.0.0.0/8, as an IPv6 socket has it (`::ffff:127.0.0.1`), too, and `::1`. */
function isLoopback(address: string): boolean {
  const { family, value } = readAddress(address) ?? { family: 4, value: 0n }
  return family === 4 ? value >> 24n === 127n : value === 1n || value >> 24n === 0xffff7fn
}
