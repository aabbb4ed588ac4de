import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** What the program could leave on a machine, a line each: what a test compares before and after itself. */
export function snapshot(): Set<string> {
  return new Set([
    ...processes(),
    ...lines('/proc/self/mountinfo').map(line => `mount ${line.split(' ')[4]}`),
    ...readdirSync('/sys/class/net').map(name => `device ${name}`),
    ...networkNamespaces().map(inode => `network namespace ${inode}`),
    ...nftTables(),
    ...globSync('/sys/fs/cgroup/**/tscompose*', { exclude: name => name === 'proc' }).map(path => `cgroup ${path}`),
    ...globSync('/tmp/tsc*').map(path => `file ${path}`),
    `net.ipv4.ip_forward ${readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim()}`,
  ])
}

/** What is there now and was not before; the kernel is given a moment to finish what it does asynchronously. */
export async function leaksSince(before: ReadonlySet<string>, patienceMs = 2000): Promise<string[]> {
  const until = Date.now() + patienceMs
  for (;;) {
    const left = [...snapshot()].filter(line => !before.has(line))
    if (left.length === 0 || Date.now() > until) return left
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

const lines = (file: string) => readFileSync(file, 'utf8').split('\n').filter(Boolean)

/** Processes of ours by their command line, and everything that runs in another pid namespace than this test. */
function processes(): string[] {
  const own = readlinkSync('/proc/self/ns/pid')
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap(pid => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        const ours = /tscompose-mon|tscompose-engine|engine-main/.test(args) || readlinkSync(`/proc/${pid}/ns/pid`) !== own
        return ours ? [`process ${pid} ${args}`] : []
      } catch {
        return []
      }
    })
}

function networkNamespaces(): string[] {
  const inodes = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      try {
        return [readlinkSync(`/proc/${pid}/ns/net`)]
      } catch {
        return []
      }
    })
  return [...new Set(inodes)]
}

function nftTables(): string[] {
  if (!existsSync('/usr/sbin/nft')) return []
  return execFileSync('/usr/sbin/nft', ['list', 'tables'], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
    .map(line => `nft ${line}`)
}
