import { mkdir, realpath, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Image } from '../../image/image.ts'
import type { MountSpec } from '../../runtime/spec.ts'
import { settleAll } from '../../settle.ts'
import type { Context, Directories } from '../context.ts'
import { imageNotFound, invalid } from '../failures.ts'
import { imageKept } from '../image/of-container.ts'
import type { Container } from './container.ts'
import { grantedMounts } from './granted-files.ts'
import type { ContainerMount } from './record.ts'

/**
 * A container's mounts as the runtime makes them: its own, the three files of /etc that tell it about its network, and
 * over the engine's own directories, where its image is the machine's root, nothing.
 * @throws TscomposeError ENGINE_REQUEST_INVALID where the source of a bind mount does not exist
 */
export async function resolveMounts(context: Context, container: Container, image: Image): Promise<MountSpec[]> {
  const own = await settleAll(container.record.mounts.map(mount => resolveMount(context, container, mount)))
  const taken = new Set(own.map(({ destination }) => destination))
  const { hosts, hostname, resolvConf } = container.directory
  const files = [
    ['/etc/hosts', hosts],
    ['/etc/hostname', hostname],
    ['/etc/resolv.conf', resolvConf],
  ] as const
  return [
    ...(await hiddenDirectories(context, image)),
    ...own,
    ...grantedMounts(container.directory, container.record.hostConfig),
    ...files
      .filter(([destination]) => !taken.has(destination))
      .map(([destination, source]): MountSpec => ({ type: 'bind', source, destination, readonly: false })),
  ]
}

async function resolveMount(context: Context, container: Container, mount: ContainerMount): Promise<MountSpec> {
  switch (mount.type) {
    case 'image':
      return await imageMount(context, container, mount)
    case 'tmpfs':
      return mount
    case 'bind': {
      const { source, destination, readonly, propagation, recursive, readonlySubmounts = true } = mount
      await checkSource(mount)
      return { type: 'bind', source, destination, readonly, propagation, recursive, readonlySubmounts }
    }
    case 'volume': {
      const { name, destination, readonly, subpath } = mount
      const source = await context.volumes.hold(name, container.id)
      if (subpath) await checkSubpath(source, subpath)
      return { type: 'bind', source, ...(subpath && { subpath }), destination, readonly, owned: true }
    }
  }
}

/** An overlay of the image's layers, since one directory may hide what is in another. */
async function imageMount(
  context: Context,
  { record, directory }: Container,
  mount: Extract<ContainerMount, { type: 'image' }>,
): Promise<MountSpec> {
  const { reference, image: id, subpath, destination, readonly } = mount
  const image = await imageKept(context, { name: reference, id })
  if (!image) throw imageNotFound(reference)
  const writableLayer = join(directory.root, 'images', String(record.mounts.indexOf(mount)))
  const empty = join(writableLayer, 'empty')
  for (const path of ['upper', 'work', 'empty']) await mkdir(join(writableLayer, path), { recursive: true })
  const layers = context.images.lowerdirs(image)
  const lowerdirs = layers.length > 0 ? layers : [empty]
  return { type: 'overlay', layers: { lowerdirs, writableLayer }, source: `/${subpath}`, destination, readonly }
}

const sourceMissing = (source: string) =>
  invalid(`invalid mount config for type "bind": bind source path does not exist: ${source}`)

/** `Binds` makes a directory of a source that is missing, `Mounts` does not (Docker's difference). */
export async function checkSource({ source, createSource }: Extract<ContainerMount, { type: 'bind' }>): Promise<void> {
  const exists = await stat(source).then(
    () => true,
    error => {
      if (['ENOENT', 'ENOTDIR'].includes(error.code)) return false
      throw invalid(`invalid mount config for type "bind": ${error.message}`)
    },
  )
  if (exists) return
  if (!createSource) throw sourceMissing(source)
  try {
    await mkdir(source, { recursive: true })
  } catch (error) {
    throw invalid(`error while creating mount source path '${source}': ${(error as Error).message}`)
  }
}

/** Tells what is wrong with a path within a volume. What holds is what the launch finds there, within the volume. */
async function checkSubpath(volume: string, subpath: string): Promise<void> {
  const path = await realpath(join(volume, subpath)).catch(() => undefined)
  if (path === undefined) throw invalid(`subpath "${subpath}" does not exist in the volume`)
  const root = await realpath(volume)
  if (path !== root && !isInside(relative(root, path))) throw invalid(`subpath "${subpath}" leads out of the volume`)
}

const hidden = new WeakMap<Directories, Map<string, Promise<MountSpec[]>>>()

/** What {@link findHidden} finds does not change while an engine runs, so it is looked up once for each root. */
function hiddenDirectories({ directories }: Context, { rootfs }: Image): Promise<MountSpec[]> {
  if (rootfs === undefined) return Promise.resolve([])
  const known = hidden.get(directories) ?? new Map<string, Promise<MountSpec[]>>()
  hidden.set(directories, known)
  const found = known.get(rootfs) ?? findHidden(directories, rootfs)
  known.set(rootfs, found)
  found.catch(() => known.delete(rootfs))
  return found
}

/**
 * A service that runs on the machine's own root shall not read the volumes, layers and sockets of all others. Where a
 * directory is on another file system than the root, an overlay does not show it anyway.
 */
async function findHidden({ data, run }: Directories, rootfs: string): Promise<MountSpec[]> {
  const rootPath = await realpath(rootfs)
  const root = await stat(rootPath)
  const mounts = await Promise.all(
    [data, run].map(async (directory): Promise<MountSpec[]> => {
      const real = await realpath(directory)
      const path = relative(rootPath, real)
      if (!isInside(path) || (await stat(real)).dev !== root.dev) return []
      return [{ type: 'tmpfs', destination: `/${path}`, readonly: true, options: ['size=4k', 'mode=0555'] }]
    }),
  )
  return mounts.flat()
}

const isInside = (path: string): boolean => path !== '' && path !== '..' && !path.startsWith('../')
