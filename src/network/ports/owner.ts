import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { addressFromBytes, readAddress } from '../addresses/address.ts'
import type { Protocol } from './socket.ts'

/** A process that holds a port. */
export interface PortOwner {
  readonly pid: number
  readonly command: string
}

/** A row of /proc/net/tcp and its like, proc_net(5). */
export interface SocketRow {
  readonly address: string
  readonly port: number
  readonly listening: boolean
  readonly inode: string
}

/** Addresses are there as 32-bit words in the byte order of the machine, which is little-endian here. */
export function parseSocketTable(text: string): readonly SocketRow[] {
  const TCP_LISTEN = '0A'
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map(line => {
      const [, local = ':', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      const [words = '', port = ''] = local.split(':')
      const bytes = Buffer.from(words, 'hex').swap32()
      return {
        address: addressFromBytes(bytes),
        port: Number.parseInt(port, 16),
        listening: state === TCP_LISTEN,
        inode,
      }
    })
}

/**
 * Who has a port of the host that cannot be bound. Looks through the descriptors of all processes, so it is for the
 * moment when something has failed. @returns undefined where the owner cannot be seen (another pid namespace, the kernel)
 */
export async function ownerOfPort(protocol: Protocol, address: string, port: number): Promise<PortOwner | undefined> {
  if (protocol === 'sctp') return undefined // whose table has no such rows
  // Read by this very thread: others would see where it is at that moment, which may be in a container's namespace.
  const tables = [protocol, `${protocol}6`].map(name => {
    const file = `/proc/thread-self/net/${name}`
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  })
  const inodes = tables
    .flatMap(parseSocketTable)
    .filter(row => row.port === port && (protocol === 'udp' || row.listening) && clashes(row.address, address))
    .map(({ inode }) => `socket:[${inode}]`)
  if (inodes.length === 0) return undefined
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
    const targets = await Promise.all(descriptors.map(fd => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
    if (targets.some(target => inodes.includes(target))) return { pid: Number(pid), command: await commandOf(pid) }
  }
  return undefined
}

function clashes(one: string, other: string): boolean {
  const isAny = (address: string) => readAddress(address)?.value === 0n
  return one === other || isAny(one) || isAny(other)
}

async function commandOf(pid: string): Promise<string> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').filter(Boolean)
  if (words.length > 0) return words.join(' ').slice(0, 80)
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'unknown')).trim()
}
