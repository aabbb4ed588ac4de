import { lstatSync, opendirSync, rmdirSync, unlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

/** What is removed at once: a few tenths of a millisecond. */
const small = { entries: 64, bytes: 1024 * 1024 }

/**
 * Removes a directory with all that is in it; one that is not there is no error. A small one, as a container leaves that
 * wrote little, is removed on the spot: a thread for each of its files would take ten times as long.
 */
export async function removeTree(directory: string): Promise<void> {
  if (!removedAtOnce(directory, { ...small })) await rm(directory, { recursive: true, force: true })
}

/** @returns false if it is larger than `left`, or something is in the way */
function removedAtOnce(directory: string, left: { entries: number; bytes: number }): boolean {
  try {
    using listing = opendirSync(directory)
    for (let entry = listing.readSync(); entry; entry = listing.readSync()) {
      const path = join(directory, entry.name)
      if (--left.entries < 0) return false
      if (entry.isDirectory()) {
        if (!removedAtOnce(path, left)) return false
        continue
      }
      left.bytes -= lstatSync(path).size
      if (left.bytes < 0) return false
      unlinkSync(path)
    }
    rmdirSync(directory)
    return true
  } catch {
    return false
  }
}
