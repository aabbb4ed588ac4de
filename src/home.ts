import { lstatSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** The user's home; where neither HOME nor passwd(5) tells of one, what Debian calls the home of those who have none. */
export function home(): string {
  try {
    return homedir()
  } catch {
    return '/nonexistent'
  }
}

/** Where the user's caches are, by the XDG base directory specification. */
export const cacheHome = (): string => process.env.XDG_CACHE_HOME || join(home(), '.cache')

/**
 * Whether nobody else can put something there. With sudo that keeps HOME somebody can: code that is kept there would be
 * theirs, and what is written there would go wherever they like.
 */
export const isCacheOurs = (): boolean => isOurs(cacheHome())

/** Of a directory that is not there yet: the nearest above it. */
function isOurs(directory: string): boolean {
  const stat = lstatSync(directory, { throwIfNoEntry: false })
  if (stat) return stat.uid === process.geteuid?.() && (stat.mode & 0o002) === 0
  return directory !== dirname(directory) && isOurs(dirname(directory))
}
