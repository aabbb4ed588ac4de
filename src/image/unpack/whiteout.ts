import type { ByteString } from './tar-entry.ts'

/** What a layer says about the layers below it (OCI image-spec layer.md, "Whiteouts"). */
export interface Whiteout {
  /** `removed`: they have no `path`. `opaque`: nothing of theirs shows in the directory `path`. */
  readonly kind: 'removed' | 'opaque' | 'ignored'
  readonly path: ByteString
}

/** How overlayfs marks an opaque directory (kernel documentation, overlayfs, "whiteouts and opaque directories"). */
export const OPAQUE = { name: 'trusted.overlay.opaque', value: Buffer.from('y') } as const

const prefix = '.wh.'

/** @returns undefined if the entry at `path` is one like any other */
export function whiteoutOf(path: ByteString): Whiteout | undefined {
  const slash = path.lastIndexOf('/')
  if (!path.startsWith(prefix, slash + 1)) return undefined
  const directory = path.slice(0, slash) || '/'
  const name = path.slice(slash + 1 + prefix.length)
  if (name === '.wh..opq') return { kind: 'opaque', path: directory }
  // Other names of the kind, and the bare prefix, are AUFS' own notes about itself.
  if (name.startsWith(prefix) || name === '') return { kind: 'ignored', path }
  if (name === '.' || name === '..') return { kind: 'ignored', path }
  return { kind: 'removed', path: `${path.slice(0, slash)}/${name}` }
}
