import { readFileSync } from 'node:fs'

/** RLIMIT_NOFILE, getrlimit(2). Node has raised it to the most that it may be. */
export function openFilesLimit(): number {
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return limit ? Number(limit) : Number.POSITIVE_INFINITY
}
