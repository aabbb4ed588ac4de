import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { didYouMean } from '../../suggest.ts'

/** Looks for a file with a like name beside one that does not exist. */
export async function suggestFile(path: string): Promise<{ fix?: string }> {
  const names = await readdir(dirname(path)).catch(() => [])
  return didYouMean(basename(path), names)
}
