import { existsSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import { readContainerFile, readRootFile } from '../../runtime/rootfs/root-files.ts'
import type { FilesView } from '../../runtime/rootfs/view.ts'
import type { RootSpec } from '../../runtime/spec.ts'
import { resolveUser } from '../../runtime/user.ts'
import type { ContainerArchive, ContainerPathStat, PutArchiveOptions } from '../api.ts'
import type { Container } from '../container/container.ts'
import { emitContainer } from '../container/events.ts'
import { resolveMounts } from '../container/mounts.ts'
import { rootOf } from '../container/root.ts'
import { isAlive } from '../container/state.ts'
import type { Context } from '../context.ts'
import { imageNotFound, invalid } from '../failures.ts'
import { imageOfContainer } from '../image/of-container.ts'
import { startArchive } from './archive-process.ts'
import { containerPath } from './path.ts'
import type { ArchiveJob, ArchiveReport } from './protocol.ts'

/** What is at a path of a container (`HEAD /containers/{id}/archive`). */
export async function statPath(context: Context, container: Container, given: string): Promise<ContainerPathStat> {
  const path = containerPath(given)
  return await withView(context, container, async view => {
    const { found, done } = startArchive({ type: 'stat', view, path }, failureAt(container, given))
    await done
    return (await found).stat
  })
}

/** A file or directory of a container, as a tar archive. */
export async function getArchive(context: Context, container: Container, given: string): Promise<ContainerArchive> {
  const path = containerPath(given)
  const { stat, archive } = await stream(context, container, view => ({ type: 'pack', view, path }), given)
  emitContainer(context, container, 'archive-path', { path: given })
  return { stat, archive }
}

/** Everything in a container's root but what is mounted there, as a tar archive. */
export async function exportContainer(context: Context, container: Container): Promise<Readable> {
  const { archive } = await stream(context, container, view => ({ type: 'export', view }), '/', { mounts: false })
  emitContainer(context, container, 'export')
  return archive
}

/** Puts what is in a tar archive into a directory of a container. */
export async function putArchive(
  context: Context,
  container: Container,
  given: string,
  archive: Readable,
  { noOverwriteDirNonDir, copyUIDGID, whiteouts }: PutArchiveOptions,
): Promise<void> {
  const path = containerPath(given)
  await withView(context, container, async view => {
    const owner = copyUIDGID ? ownerIn(container, view.root) : undefined
    const job: ArchiveJob = {
      type: 'unpack',
      view,
      path,
      keepKinds: noOverwriteDirNonDir ?? false,
      whiteouts: whiteouts ?? false,
      ...(owner && { owner }),
    }
    await startArchive(job, failureAt(container, given), archive).done
  })
  emitContainer(context, container, 'extract-to-dir', { path: given })
}

/** Starts a job that writes an archive; the container is held until nobody reads any more. */
async function stream(
  context: Context,
  container: Container,
  jobOf: (view: FilesView) => ArchiveJob,
  given: string,
  options?: { readonly mounts: boolean },
): Promise<ContainerArchive> {
  const started = Promise.withResolvers<ContainerArchive>()
  const use = async (view: FilesView) => {
    const { found, output } = startArchive(jobOf(view), failureAt(container, given))
    const over = new Promise(resolve => output.once('close', resolve))
    started.resolve({ stat: (await found).stat, archive: output })
    await over
  }
  withView(context, container, use, options).catch(started.reject)
  return await started.promise
}

/** A container that does not run is not started as long as somebody looks at its files: its overlay is mounted once. */
async function withView<T>(
  context: Context,
  container: Container,
  use: (view: FilesView) => Promise<T>,
  { mounts: withMounts }: { readonly mounts: boolean } = { mounts: true },
): Promise<T> {
  const running = runningView(container, withMounts)
  if (running) return await use(running)
  return await container.serial.run(async () => {
    // It may have been started while others had their turn.
    const running = runningView(container, withMounts)
    if (running) return await use(running)
    const image = await imageOfContainer(context, container.record)
    if (!image) throw imageNotFound(container.record.config.Image)
    const root = rootOf(context, container, image)
    try {
      const mounts = withMounts ? await resolveMounts(context, container, image) : []
      // The files of /etc are there only while it runs.
      const there = mounts.filter(mount => mount.type === 'bind' && existsSync(mount.source))
      return await use({ of: 'stopped', root, mounts: there })
    } finally {
      await context.volumes.release(container.id)
    }
  })
}

function runningView({ run, state }: Container, withMounts: boolean): FilesView | undefined {
  if (!run || !isAlive(state)) return undefined
  const { root, userNamespace } = run.spec
  return { of: 'running', pid: run.process.pid, root, withMounts, ...(userNamespace && { userNamespace }) }
}

/** The user of the container, to whom `copyUIDGID` gives what is copied; without one it keeps its owners. */
function ownerIn({ record, run }: Container, root: RootSpec): { uid: number; gid: number } | undefined {
  const { User = '' } = record.config
  if (User === '') return undefined
  const read = (path: string) => (run ? readContainerFile(run.process.pid, path) : readRootFile(root, path))?.toString()
  const { uid, gid } = resolveUser(User, [], read)
  return { uid, gid }
}

/** In dockerd's words. */
const failureAt =
  ({ name, record }: Container, path: string) =>
  ({ reason, message }: Extract<ArchiveReport, { type: 'failed' }>): TscomposeError => {
    switch (reason) {
      case 'missing':
        return new TscomposeError('ENGINE_FILE_NOT_FOUND', `Could not find the file ${path} in container ${name}`)
      case 'readonly': {
        const volume = record.mounts.some(({ destination }) => `${containerPath(path)}/`.startsWith(`${destination}/`))
        return new TscomposeError(
          'ENGINE_FILES_READONLY',
          volume ? 'mounted volume is marked read-only' : 'container rootfs is marked read-only',
        )
      }
      case 'unfit':
        return invalid(message)
      case 'archive':
        return invalid(`invalid archive: ${message}`)
      case 'other':
        return new TscomposeError('ENGINE_FILES_FAILED', `cannot copy files of container ${name}: ${message}`)
    }
  }
