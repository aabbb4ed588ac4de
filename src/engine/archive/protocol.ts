import type { FilesView } from '../../runtime/rootfs/view.ts'
import type { RootSpec } from '../../runtime/spec.ts'
import type { ContainerPathStat } from '../api.ts'

/** Files of this machine: all of it, or a directory that nothing leads out of. */
export type LocalView = { readonly of: 'machine' } | { readonly of: 'directory'; readonly path: string }

/** What the process that looks into a container (process.ts) is told; one job, and then it ends. */
export type ArchiveJob =
  /** What is at `path`. */
  | { readonly type: 'stat'; readonly view: FilesView; readonly path: string }
  /** The file or directory at `path` as a tar archive, on standard output; it is called as it is there, or `name`. */
  | { readonly type: 'pack'; readonly view: FilesView | LocalView; readonly path: string; readonly name?: string }
  /** Everything there is, without the root directory itself. */
  | { readonly type: 'export'; readonly view: FilesView }
  /** What the writable layer changes, on standard output (changes.ts). */
  | { readonly type: 'changes'; readonly root: RootSpec }
  /** The archive on standard input, maybe compressed, into the directory at `path`. */
  | ({ readonly type: 'unpack'; readonly view: FilesView | LocalView; readonly path: string } & UnpackOptions)

export interface UnpackOptions {
  /** The name that the topmost entry has in the archive, and the one it is to have. */
  readonly rename?: { readonly from: string; readonly to: string }
  /** A directory does not take the place of something else, nor the other way round. */
  readonly keepKinds: boolean
  /** Names that begin with `.wh.` remove what they name. */
  readonly whiteouts: boolean
  /** Who owns everything, whatever the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number }
}

/** What it says back. */
export type ArchiveReport =
  /** What is at the path; of `pack` and `export`, before the first byte of the archive. */
  | { readonly type: 'found'; readonly stat: ContainerPathStat }
  /** It is all done; of `pack` and `export` everything has been written. */
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly reason: FailureReason; readonly message: string }

/** `missing`, `unfit`: no path or none of the kind; `readonly`: nothing can be written; `archive`: it is damaged. */
export type FailureReason = 'missing' | 'unfit' | 'readonly' | 'archive' | 'other'
