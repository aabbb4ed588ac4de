import type { Readable } from 'node:stream'

/** What is at a path of a container: the header `X-Docker-Container-Path-Stat`. */
export interface ContainerPathStat {
  name: string
  size: number
  /** As Go's `fs.FileMode` has it. */
  mode: number
  /** RFC 3339 */
  mtime: string
  /** Where a symbolic link leads, within the container; otherwise empty. */
  linkTarget: string
}

export interface ContainerArchive {
  stat: ContainerPathStat
  /** tar */
  archive: Readable
}

/** What has become of a path of the image: 0 modified, 1 added, 2 deleted. */
export interface FilesystemChange {
  Path: string
  Kind: 0 | 1 | 2
}

export interface PutArchiveOptions {
  /** A directory does not take the place of something else, nor the other way round. */
  noOverwriteDirNonDir?: boolean
  /** What is copied belongs to the container's user instead of those whom the archive names. */
  copyUIDGID?: boolean
  /** Not of Docker: an entry `dir/.wh.name` removes `dir/name`, as in a layer. */
  whiteouts?: boolean
}

/** Files of a container. */
export interface ArchiveOperations {
  containerArchiveInfo(id: string, path: string): Promise<ContainerPathStat>
  /** A file or directory with the last part of `path` as its name, or `.` where `path` ends so. */
  containerArchive(id: string, path: string): Promise<ContainerArchive>
  /** @param archive tar, maybe compressed. @param path a directory that exists */
  putContainerArchive(id: string, path: string, archive: Readable, options?: PutArchiveOptions): Promise<void>
  /** tar of everything but what is mounted. */
  containerExport(id: string): Promise<Readable>
  /** What the writable layer changes of the image, sorted by path: `docker diff`. */
  containerChanges(id: string): Promise<FilesystemChange[]>
}
