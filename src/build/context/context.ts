import type { FileHandle } from 'node:fs/promises'
import type { Where } from '../../errors.ts'

/**
 * Files that a build reads from: the build context, an additional one, or the root of a stage or an image. Links are
 * followed within the tree only, whatever they say.
 */
export interface FileTree {
  /**
   * What `COPY SOURCE... TARGET` takes from the tree.
   * @throws TscomposeError BUILD_SOURCE_MISSING, BUILD_SOURCE_EXCLUDED
   */
  select(request: SelectRequest, signal: AbortSignal): Promise<Selection>
  /** Opens a file of a selection for reading. */
  open(path: string): Promise<FileHandle>
  /** A small text file, such as the Dockerfile. @returns undefined if there is none */
  readText(path: string): Promise<string | undefined>
}

/** Closing it removes what was made for it: an unpacked archive, a clone. */
export interface BuildContext extends FileTree, AsyncDisposable {
  /** The directory on this machine that holds the files. */
  readonly directory: string
  /** Told what will be taken, as far as that is known: no more has to be there until somebody asks for it. */
  expect?(paths: readonly string[]): void
  /** The commit of a git context. */
  readonly commit?: string
}

export interface SelectRequest {
  readonly sources: readonly SourcePattern[]
  /** COPY --exclude */
  readonly excludes: readonly string[]
  /** COPY --parents: `**` may stand in patterns, and entries keep the path they have below their base. */
  readonly parents: boolean
  /** The instruction, for what is missing. */
  readonly where?: Where
}

/**
 * A path or pattern (Go's filepath.Match), relative to the tree. For `--parents`, `base` is the directory below which
 * parents are kept; the tree itself unless it is given.
 */
export type SourcePattern = string | { readonly path: string; readonly base?: string }

export interface Selection {
  readonly matches: readonly Match[]
  /**
   * Of everything selected: names, types, permission bits, contents, link targets and device numbers; owners and
   * extended attributes only of trees that keep them. Never times. `sha256:hex`
   */
  readonly digest: string
  /** A few words for "why does this run again": each entry's digest by its path. Compared with an earlier selection. */
  readonly fingerprints: ReadonlyMap<string, string>
}

/** One file or directory that a source names. */
export interface Match {
  /** Path in the tree, `.` for all of it. */
  readonly path: string
  /** Its last element, under which it is put into a target directory; empty for `.` */
  readonly name: string
  /**
   * Itself first, then for a directory all that is below, in an order that does not depend on the file system. With
   * `parents`, the directories that are kept come before what is in them.
   */
  readonly entries: readonly TreeEntry[]
}

export interface TreeEntry {
  /** Path in the tree, to open it with. */
  readonly path: string
  /** Path below the target: relative to the match, or with `parents` to where the kept directories begin. */
  readonly name: string
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'character-device' | 'block-device'
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of a file. */
  readonly size: number
  /** Nanoseconds since 1970. */
  readonly mtime: bigint
  /** Of a symbolic link. */
  readonly target?: string
  /** Of a device. */
  readonly rdev?: { readonly major: number; readonly minor: number }
}
