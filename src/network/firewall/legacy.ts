import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { linux } from '../../sys/kernel.ts'

/**
 * The older packet filter, which nftables knows nothing of (iptables-legacy(8)). Where a program of the machine uses it
 * and its FORWARD chain drops what it does not know, by its policy or its last rule, our devices get the same two rules
 * there. Nothing is run where no such table is loaded.
 */

const run = promisify(execFile)

const families = [
  { program: 'iptables-legacy', tables: 'ip_tables_names', domain: 2, level: 0 },
  { program: 'ip6tables-legacy', tables: 'ip6_tables_names', domain: 10, level: 41 },
] as const

function isUsed(tables: string): boolean {
  const file = `/proc/thread-self/net/${tables}`
  return existsSync(file) && readFileSync(file, 'utf8').split('\n').includes('filter')
}

export const isLegacyUsed = (): boolean => families.some(({ tables }) => isUsed(tables))

const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const IPPROTO_RAW = 255
const IPT_SO_GET_INFO = 64
/** struct ipt_getinfo: the table's name, 32 bytes, then where its chains begin and end, and how many rules it has. */
const infoSize = 84

/**
 * What the kernel says of the filter tables in a few microseconds: it changes with every rule that is added or taken
 * away. The empty text where none is loaded (asking would load it).
 */
export function legacyShape(): string {
  return families
    .filter(({ tables }) => isUsed(tables))
    .map(({ domain, level }) => {
      const socket = linux.socket(domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)
      try {
        const info = Buffer.alloc(infoSize)
        info.write('filter')
        linux.getsockopt(socket, level, IPT_SO_GET_INFO, info, Buffer.from([infoSize, 0, 0, 0]))
        return info.toString('hex')
      } finally {
        linux.close(socket)
      }
    })
    .join()
}

/** Where rules belong, of what `iptables -S` says: Docker leaves DOCKER-USER alone. */
export function legacyChainToOpen(rules: readonly string[]): string | undefined {
  const last = rules.findLast(rule => rule.startsWith('-A FORWARD '))
  if (!rules.includes('-P FORWARD DROP') && !/^-A FORWARD -j (DROP|REJECT)\b/.test(last ?? '')) return undefined
  return rules.includes('-N DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD'
}

/** The words of a rule of `iptables -S`, with which it can be given back; undefined unless its comment is one of ours. */
export function ownLegacyRule(rule: string, isOurs: (comment: string) => boolean): readonly string[] | undefined {
  const words = rule.split(' ').map(word => word.replace(/^"(.*)"$/, '$1'))
  const comment = words[words.indexOf('--comment') + 1]
  return words[0] === '-A' && words.includes('--comment') && comment && isOurs(comment) ? words.slice(1) : undefined
}

/** @param devices names, with `*` at the end for any rest, and the comment of their rules */
export async function openLegacyChains(devices: readonly { device: string; comment: string }[]): Promise<void> {
  for (const { program, tables } of families) {
    if (!isUsed(tables)) continue
    const rules = await list(program)
    const chain = legacyChainToOpen(rules)
    if (chain === undefined) continue
    for (const { device, comment } of devices) {
      if (rules.some(rule => ownLegacyRule(rule, other => other === comment))) continue
      const name = device.replace(/\*$/, '+')
      for (const direction of ['-i', '-o'])
        await run(program, ['-w', '-I', chain, direction, name, '-m', 'comment', '--comment', comment, '-j', 'ACCEPT'])
    }
  }
}

export async function closeLegacyChains(isOurs: (comment: string) => boolean): Promise<void> {
  for (const { program, tables } of families) {
    if (!isUsed(tables)) continue
    for (const rule of await list(program)) {
      const words = ownLegacyRule(rule, isOurs)
      if (words) await run(program, ['-w', '-D', ...words])
    }
  }
}

/** None where the program is not there: then the tables are somebody's who has no command line for them. */
async function list(program: string): Promise<readonly string[]> {
  try {
    return (await run(program, ['-w', '-S'])).stdout.split('\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
