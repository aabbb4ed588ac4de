import { TscomposeError } from '../../errors.ts'
import { linux, SystemError } from '../../sys/kernel.ts'
import type { PortSpec, PublishedPort } from '../network.ts'
import { ownerOfPort, type PortOwner } from './owner.ts'
import { boundSocket, type Protocol } from './socket.ts'

/** A port of the host that is ours as long as the socket is open. */
export interface Reservation extends PublishedPort {
  readonly protocol: Protocol
  readonly fd: number
}

/** A port that could not be had, and why. */
class Refusal extends Error {
  readonly address: string
  readonly port: number
  readonly code: string

  constructor(address: string, port: number, cause: SystemError) {
    super(`${address}:${port}`, { cause })
    this.address = address
    this.port = port
    this.code = cause.code
  }
}

/**
 * Reserves a port on these addresses of the host, with the same number on each.
 * @param describe says who an owner is that this engine knows (a container of its own)
 * @throws TscomposeError NETWORK_PORT_TAKEN, NETWORK_PORT_FORBIDDEN, NETWORK_HOST_ADDRESS_UNKNOWN; nothing is held then
 */
export async function reservePort(
  spec: PortSpec,
  addresses: readonly string[],
  describe: (port: PortSpec['protocol'], hostPort: number) => string | undefined,
): Promise<readonly Reservation[]> {
  const { protocol } = spec
  const { from, to } = spec.hostPort ?? { from: 0, to: 0 }
  let first: Refusal | undefined
  for (let port = from; port <= to; port++) {
    try {
      return port === 0 ? reserveAnyPort(spec, addresses) : reserveOn(spec, addresses, port)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      first ??= error
      if (error.code !== 'EADDRINUSE') break
    }
  }
  if (first === undefined) throw new RangeError(`the port range ${from}-${to} is empty`)
  if (first.code !== 'EADDRINUSE') throw refusalError(first)
  const known = describe(protocol, first.port)
  const owner = known === undefined ? await ownerOfPort(protocol, first.address, first.port) : undefined
  throw takenError(first, { from, to }, known ?? describeOwner(owner))
}

/** A number that the kernel chose for IPv4 may be taken in IPv6: then it chooses another. */
function reserveAnyPort(spec: PortSpec, addresses: readonly string[]): readonly Reservation[] {
  for (let attempt = 1; ; attempt++) {
    try {
      return reserveOn(spec, addresses, 0)
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'EADDRINUSE' || attempt === 20) throw error
    }
  }
}

function reserveOn(
  { protocol, containerPort }: PortSpec,
  addresses: readonly string[],
  wanted: number,
): readonly Reservation[] {
  const reservations: Reservation[] = []
  let hostPort = wanted
  for (const hostIp of addresses) {
    try {
      const { fd, port } = boundSocket(protocol, hostIp, hostPort)
      reservations.push({ protocol, containerPort, hostIp, hostPort: port, fd })
      hostPort = port
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      // A machine without IPv6 has no [::]; whoever names an IPv6 address shall hear of it.
      if (reservations.length > 0 && hostIp === '::' && ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(error.code)) continue
      release(reservations)
      throw new Refusal(hostIp, hostPort, error)
    }
  }
  return reservations
}

export function release(reservations: readonly Reservation[]): void {
  for (const { fd } of reservations) linux.close(fd)
}

function describeOwner(owner: PortOwner | undefined): string {
  if (owner === undefined) return 'a process that cannot be seen'
  // What other containers hold is known by their names.
  if (owner.pid === process.pid)
    return 'the engine itself, for another port of the same container or for its own address'
  return `process ${owner.pid} (${owner.command})`
}

const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address)

function takenError({ address, port, cause }: Refusal, { from, to }: { from: number; to: number }, owner: string) {
  const range = from === to ? `${port}` : `${from}-${to}`
  const rest = from === to ? `: it is held by ${owner}` : `: every port of the range is; ${port} is held by ${owner}`
  return new TscomposeError(
    'NETWORK_PORT_TAKEN',
    `Bind for ${bracketed(address)}:${range} failed: port is already allocated${rest}`,
    { fix: 'Stop that, or publish on another host port.', cause },
  )
}

function refusalError({ address, port, code, cause }: Refusal): TscomposeError {
  const where = `Bind for ${bracketed(address)}:${port} failed`
  if (code === 'EACCES') return new TscomposeError('NETWORK_PORT_FORBIDDEN', `${where}: permission denied`, { cause })
  if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')
    return new TscomposeError(
      'NETWORK_HOST_ADDRESS_UNKNOWN',
      `${where}: cannot assign requested address: no interface of this machine has it`,
      { cause },
    )
  if (code === 'EPROTONOSUPPORT')
    return new TscomposeError('NETWORK_NOT_SUPPORTED', `${where}: the kernel of this machine has no SCTP`, {
      fix: '`modprobe sctp` loads it where it is a module.',
      cause,
    })
  return new TscomposeError('NETWORK_SETUP_FAILED', `${where}: ${(cause as Error).message}`, { cause })
}
