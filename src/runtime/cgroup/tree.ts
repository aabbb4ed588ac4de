import { readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoNumber } from '../../sys/errno.ts'

/** Operations on the directories of cgroups that are the same in v1 and v2. */

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code

/** A directory and all cgroups nested in it, the innermost first. Empty if it does not exist. */
export function withNested(directory: string): readonly string[] {
  try {
    const nested = readdirSync(directory, { withFileTypes: true }).filter(entry => entry.isDirectory())
    return [...nested.flatMap(entry => withNested(`${directory}/${entry.name}`)), directory]
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** The numbers in a file such as cgroup.procs; none if the cgroup has gone. */
export function readPids(file: string): readonly number[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENODEV') return []
    throw error
  }
}

/** The one number in a file; undefined if there is no such file, or no such controller. */
export function readCount(read: () => string): number | undefined {
  try {
    return Number(read())
  } catch {
    return undefined
  }
}

/** SIGKILL to each; one that has gone meanwhile is no error. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      if (pid > 0) process.kill(pid, 'SIGKILL')
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') throw error
    }
  }
}

/** Removes a cgroup that has neither processes nor cgroups in it. @returns false for any other */
export function isGone(directory: string): boolean {
  try {
    rmdirSync(directory)
    return true
  } catch (error) {
    return codeOf(error) === 'ENOENT'
  }
}

/** Names of the cgroups in a cgroup; none if it does not exist. */
export function directoriesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap(entry => (entry.isDirectory() ? [entry.name] : []))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** Removes empty cgroups. @returns false if a process is still in one of them */
export function tryRemove(directory: string): boolean {
  try {
    rmdirSync(directory)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true
    if (codeOf(error) !== 'EBUSY') throw error
  }
  try {
    for (const nested of withNested(directory)) rmdirSync(nested)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EBUSY') return false
    throw error
  }
}

/**
 * Asks again after 1, 2, 4, ... ms until `settled`, for what cgroups have no notification of. All of it together takes
 * at most `patienceMs`. @returns whether it settled
 */
export async function settle(settled: () => boolean, patienceMs: number): Promise<boolean> {
  for (let waited = 0, pause = 1; !settled(); waited += pause, pause = Math.min(pause * 2, 100)) {
    if (waited >= patienceMs) return false
    await delay(pause)
  }
  return true
}

export const busy = (what: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`EBUSY: processes do not go away, ${what}`), { code: 'EBUSY', errno: -errnoNumber('EBUSY') })

/** `key value` lines such as those of memory.stat. */
export function parseKeyed(text: string): Record<string, number> {
  const values: Record<string, number> = {}
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ')
    if (space > 0) values[line.slice(0, space)] = Number(line.slice(space + 1))
  }
  return values
}
