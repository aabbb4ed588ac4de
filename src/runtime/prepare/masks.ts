import { statSync } from 'node:fs'
import type { Mask } from '../compile/facts.ts'

/**
 * What is to be hidden. The entries of procfs and sysfs in question are the kernel's and not a namespace's, so what the
 * host does not have needs no mask; most of Docker's list is not there on any one machine.
 */
export function masksOf(paths: readonly string[]): readonly Mask[] {
  return paths.flatMap(path => {
    if (!/^\/(proc|sys)\//.test(path)) return { path, kind: 'unknown' }
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat ? { path, kind: stat.isDirectory() ? 'directory' : 'file' } : []
  })
}
