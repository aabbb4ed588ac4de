import { posix } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ErrorCode, TscomposeError } from '../../errors.ts'
import type { ContainerPathStat, Engine } from '../api.ts'
import { startArchive } from '../archive/archive-process.ts'
import type { ArchiveReport } from '../archive/protocol.ts'
import { invalid } from '../failures.ts'
import { localDestination, localSource } from './local-files.ts'
import { type CopyEnd, followedTo, inContainer, type Placement, place, splitEntry } from './paths.ts'

/** `docker cp`: files between this machine and a container, by docker's rules for what goes where. */
export interface CopyOptions {
  /** `--archive`: owners are kept on this machine, and in a container are its user (Engine API, `copyUIDGID`). */
  readonly archive?: boolean
  /** `--follow-link`: of a symbolic link at the end of the source, what it points to. */
  readonly followLink?: boolean
}

/** A path of a container, which is given by name or id. */
export interface ContainerPath {
  readonly container: string
  readonly path: string
}

// Go's fs.FileMode
const [MODE_DIRECTORY, MODE_SYMLINK, MODE_DEVICE] = [2 ** 31, 2 ** 27, 2 ** 26]
const is = ({ mode }: ContainerPathStat, bit: number): boolean => Math.floor(mode / bit) % 2 === 1

/**
 * Copies what is at an absolute path of this machine to a container.
 * @returns the bytes of the archive, which docker calls the size of the copy
 */
export async function copyToContainer(
  engine: Engine,
  source: string,
  to: ContainerPath,
  { archive = false, followLink = false }: CopyOptions = {},
): Promise<number> {
  const [from, destination] = await Promise.all([localSource(source, followLink), containerDestination(engine, to)])
  const { directory, name } = placed(from, destination)
  const { output, done } = startArchive({ type: 'pack', view: { of: 'machine' }, path: from.path, name }, localFailure)
  const { stream, bytes } = counted(output)
  const upload = engine.putContainerArchive(to.container, directory, stream, {
    noOverwriteDirNonDir: true,
    copyUIDGID: archive,
  })
  // What fails here breaks the upload; so this is the reason to tell.
  const [packed, uploaded] = await Promise.allSettled([done, upload])
  if (packed.status === 'rejected' && uploaded.status === 'rejected')
    throw uploadedFirst(packed.reason, uploaded.reason)
  if (uploaded.status === 'rejected') throw uploaded.reason
  return bytes()
}

/** An upload that is refused ends the packing, which has nothing to say of its own then. */
const uploadedFirst = (packed: unknown, uploaded: unknown): unknown =>
  uploaded instanceof TscomposeError && uploaded.code !== 'ENGINE_UNREACHABLE' ? uploaded : packed

/** Puts what is in a tar stream into a directory of a container. */
export async function copyStreamToContainer(
  engine: Engine,
  archive: Readable,
  to: ContainerPath,
  options: CopyOptions = {},
): Promise<void> {
  const { path, isDirectory } = await containerDestination(engine, to)
  if (!isDirectory) throw invalid(`destination "${to.container}:${to.path}" must be a directory`)
  await engine.putContainerArchive(to.container, path, archive, {
    noOverwriteDirNonDir: true,
    copyUIDGID: options.archive ?? false,
  })
}

/** Copies what is at a path of a container to an absolute path of this machine. @returns the bytes of the archive */
export async function copyFromContainer(
  engine: Engine,
  from: ContainerPath,
  destination: string,
  { archive: keepOwners = false, followLink = false }: CopyOptions = {},
): Promise<number> {
  const to = await localDestination(destination)
  const { source, archive } = await openContainerSource(engine, from, followLink)
  const { directory, name } = placedOr(source, to, () => archive.destroy())
  const { stream, bytes } = counted(archive)
  const rename = { from: splitEntry(source.path).base || '/', to: name }
  const owner = keepOwners ? undefined : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const job = {
    type: 'unpack',
    view: { of: 'directory', path: directory },
    path: '/',
    keepKinds: true,
    whiteouts: false,
    rename,
  } as const
  const { done } = startArchive({ ...job, ...(owner && { owner }) }, localFailure, stream)
  await done
  return bytes()
}

/** What is at a path of a container, as a tar stream. */
export async function openContainerSource(
  engine: Engine,
  { container, path: given }: ContainerPath,
  followLink: boolean,
): Promise<{ readonly source: CopyEnd; readonly archive: Readable }> {
  let target: { readonly path: string; readonly name?: string } = { path: inContainer(given) }
  if (followLink) {
    const stat = await engine.containerArchiveInfo(container, target.path)
    if (is(stat, MODE_SYMLINK)) target = followedTo(target.path, linkTarget(target.path, stat))
  }
  const { stat, archive } = await engine.containerArchive(container, target.path)
  return { source: { ...target, exists: true, isDirectory: is(stat, MODE_DIRECTORY) }, archive }
}

/** Where a copy goes in a container. What is missing there is found out when the copy arrives. */
async function containerDestination(engine: Engine, { container, path: given }: ContainerPath): Promise<CopyEnd> {
  let path = inContainer(given)
  try {
    let stat = await engine.containerArchiveInfo(container, path)
    if (is(stat, MODE_SYMLINK)) {
      path = linkTarget(path, stat)
      stat = await engine.containerArchiveInfo(container, path)
    }
    if (is(stat, MODE_DEVICE))
      throw invalid(`destination "${container}:${given}" must be a directory or a regular file`)
    return { path, exists: true, isDirectory: is(stat, MODE_DIRECTORY) }
  } catch (error) {
    if (!(error instanceof TscomposeError) || !unfit.has(error.code)) throw error
    return { path, exists: false, isDirectory: false }
  }
}

const unfit = new Set<ErrorCode>(['ENGINE_FILE_NOT_FOUND', 'ENGINE_REQUEST_INVALID'])

const linkTarget = (path: string, { linkTarget }: ContainerPathStat): string =>
  posix.resolve(splitEntry(path).directory, linkTarget)

function placed(source: CopyEnd, destination: CopyEnd): Placement {
  const placement = place(source, destination)
  if (typeof placement === 'string') throw invalid(placement)
  return placement
}

function placedOr(source: CopyEnd, destination: CopyEnd, leave: () => void): Placement {
  try {
    return placed(source, destination)
  } catch (error) {
    leave()
    throw error
  }
}

/** The same stream, and how many bytes have gone through it. */
function counted(source: Readable): { readonly stream: Readable; readonly bytes: () => number } {
  const stream = new PassThrough()
  let bytes = 0
  stream.on('data', chunk => {
    bytes += chunk.length
  })
  stream.pause()
  pipeline(source, stream).catch(() => {}) // both are destroyed, and whoever reads is told
  return { stream, bytes: () => bytes }
}

const localFailure = ({ reason, message }: Extract<ArchiveReport, { type: 'failed' }>): TscomposeError =>
  reason === 'unfit' || reason === 'archive'
    ? invalid(message)
    : new TscomposeError(reason === 'missing' ? 'ENGINE_FILE_NOT_FOUND' : 'ENGINE_FILES_FAILED', message)
