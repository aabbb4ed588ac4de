import { lstatSync } from 'node:fs'
import { posix } from 'node:path'
import { resolveMerged } from '../../runtime/rootfs/merged-tree.ts'
import type { LayerEntry } from './layer-entry.ts'

/** The tree that a COPY copies into, as far as it matters where the files end up. */
export interface Destination {
  /** Follows links. `path` has none any more; of what is missing it is taken as written. */
  resolve(path: string): { readonly kind: 'directory' | 'other' | 'missing'; readonly path: string }
  /** What a directory that is there looks like, so that a layer can repeat it; by a path without links. */
  directory(path: string): Pick<LayerEntry, 'mode' | 'uid' | 'gid' | 'mtime'> | undefined
}

/** @param layers directories of the layers, the uppermost first */
export const destinationIn = (layers: readonly string[]): Destination => ({
  resolve: path => resolveMerged(layers, path),
  directory(path) {
    const found = resolveMerged(layers, path)
    if (found.kind !== 'directory') return undefined
    const stat = lstatSync(found.layers[0] ?? '', { bigint: true, throwIfNoEntry: false })
    if (!stat) return undefined
    return { mode: Number(stat.mode) & 0o7777, uid: Number(stat.uid), gid: Number(stat.gid), mtime: stat.mtimeNs }
  },
})

/** A layer that is to fit on any other (`COPY --link`) is written as if there was nothing below it. */
export const emptyDestination: Destination = {
  resolve: path => ({ kind: path === '/' ? 'directory' : 'missing', path: posix.normalize(path) }),
  directory: () => undefined,
}
