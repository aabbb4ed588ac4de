import type { Readable } from 'node:stream'
import type { BuildContext, FileTree } from './context.ts'

export type * from './context.ts'

/** The patterns of a `.dockerignore`, in the order of the file. */
export type IgnorePatterns = readonly string[]

/** @param dockerfile path in the context: `<dockerfile>.dockerignore` goes before `.dockerignore` */
export declare function openDirectoryContext(directory: string, dockerfile: string): Promise<BuildContext>

/** A context sent by the classic client: tar, maybe compressed. Unpacked below `temporary`, confined to it. */
export declare function openArchiveContext(
  archive: Readable,
  dockerfile: string,
  temporary: string,
  signal: AbortSignal,
): Promise<BuildContext>

/** `https://host/repo.git#ref:subdir`, fetched by the `git` program; a remote archive, or a lone Dockerfile, by URL. */
export declare function openRemoteContext(
  url: string,
  dockerfile: string,
  temporary: string,
  signal: AbortSignal,
): Promise<BuildContext>

/** A context without files: `dockerfile_inline` alone, `docker build - < Dockerfile`. */
export declare function openEmptyContext(temporary: string): Promise<BuildContext>

/** The root of a stage or an image, mounted or unpacked at `root`; owners are kept. */
export declare function openRootTree(root: string): FileTree
