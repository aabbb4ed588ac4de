import type { FileTree, TreeEntry } from '../context/context.ts'

/** An entry of a layer that a build writes itself. */
export interface LayerEntry {
  /** Path in the layer, without a slash at either end. */
  readonly path: string
  readonly type: TreeEntry['type']
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Nanoseconds since 1970. */
  readonly mtime: bigint
  /** Of a symbolic link. */
  readonly target?: string
  readonly rdev?: { readonly major: number; readonly minor: number }
  /** Of a file. */
  readonly content?: Content
}

export type Content =
  | { readonly from: 'tree'; readonly tree: FileTree; readonly path: string; readonly size: number }
  | { readonly from: 'bytes'; readonly bytes: Uint8Array }
