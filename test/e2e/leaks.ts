import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What an engine with this run-time directory has on the machine at the moment, a line each. Other engines (the user's
 * own, another test's) have names of their own, so their things are not in it.
 */
function traces(runDir: string): string[] {
  const instance = createHash('sha256').update(runDir).digest('hex').slice(0, 12)
  const device = `tsc${instance.slice(0, 4)}`
  const home = join(runDir, '..')
  return [
    ...processes(instance, home),
    ...lines('/proc/self/mountinfo').filter(line => line.includes(home)),
    ...readdirSync('/sys/class/net').filter(name => name.startsWith(device)),
    ...execFileSync('/usr/sbin/nft', ['list', 'ruleset'], { encoding: 'utf8' })
      .split('\n')
      .filter(line => line.includes(`tscompose_${instance.slice(0, 8)}`) || line.includes(`"${device}`)),
    ...globSync(`/sys/fs/cgroup/{,*/}tscompose-${instance}*`),
  ]
}

/** What is still there; the kernel is given a moment to finish what it does asynchronously. */
export async function leaks(runDir: string, patienceMs = 2000): Promise<string[]> {
  const until = Date.now() + patienceMs
  for (;;) {
    const left = traces(runDir)
    if (left.length === 0 || Date.now() > until) return left
    await sleep(20)
  }
}

const lines = (file: string) => readFileSync(file, 'utf8').split('\n').filter(Boolean)

/** The engine by its environment, containers by their cgroups, monitors by the files they hold. */
function processes(instance: string, home: string): string[] {
  return globSync('/proc/[0-9]*').flatMap(dir => {
    try {
      const open = readdirSync(`${dir}/fd`).map(fd => readlinkSync(`${dir}/fd/${fd}`))
      const ours =
        readFileSync(`${dir}/cgroup`, 'utf8').includes(`tscompose-${instance}`) ||
        readFileSync(`${dir}/environ`, 'utf8').includes(`TSCOMPOSE_RUN=${home}/`) ||
        open.some(target => target.startsWith(home))
      return ours ? [`process ${dir.slice(6)} ${lines(`${dir}/cmdline`).join('').replaceAll('\0', ' ')}`] : []
    } catch {
      return [] // It has ended since.
    }
  })
}
