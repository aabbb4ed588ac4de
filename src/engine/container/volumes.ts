import { mkdir, readdir, rm } from 'node:fs/promises'
import { messageOf } from '../../errors.ts'
import type { Platform } from '../../image/image.ts'
import { seedVolume } from '../../runtime/seed-volume.ts'
import type { RootSpec } from '../../runtime/spec.ts'
import { settleAll } from '../../settle.ts'
import type { HostConfig } from '../api.ts'
import type { Context } from '../context.ts'
import { invalid } from '../failures.ts'
import { claimImage } from '../image/find.ts'
import { nameKept } from '../image/of-container.ts'
import type { MountRequest } from '../translate/mount-request.ts'
import { parseMounts } from '../translate/mounts.ts'
import type { VolumeDirectory } from '../volume/volumes.ts'
import { checkSource } from './mounts.ts'
import type { ContainerMount } from './record.ts'
import { isAlive } from './state.ts'

/** The mounts of a container as it asks for them, those of other containers (`VolumesFrom`) included. */
export async function parseContainerMounts(
  context: Context,
  hostConfig: HostConfig,
  declared: Readonly<Record<string, object>>,
): Promise<readonly MountRequest[]> {
  const taken = (hostConfig.VolumesFrom ?? []).flatMap(text => mountsFrom(context, text))
  const mounts = parseMounts(hostConfig, declared, taken)
  // What `Binds` names is made when it is missing, but not before the start.
  await Promise.all(
    mounts.map(async mount => mount.type === 'bind' && !mount.createSource && (await checkSource(mount))),
  )
  return mounts
}

/** `container[:ro|rw]` */
function mountsFrom({ containers }: Context, text: string): MountRequest[] {
  const [reference = '', mode = 'rw'] = text.split(':')
  if (mode !== 'ro' && mode !== 'rw') throw invalid(`invalid mode: ${mode}`)
  return containers.findOther(reference).record.mounts.map(mount => {
    const readonly = mount.readonly || mode === 'ro'
    if (mount.type === 'image') return { ...mount, reference: nameKept({ name: mount.reference, id: mount.image }) }
    if (mount.type !== 'volume') return { ...mount, readonly }
    return { ...mount, readonly, driverOpts: {}, labels: {}, seed: false }
  })
}

/** The mounts with every volume decided; disposing them removes the volumes that were made for this container only. */
export interface VolumesMade extends AsyncDisposable {
  readonly mounts: readonly ContainerMount[]
}

/**
 * Makes the volumes that do not exist yet, and fills those that are empty with what the image has in their place; finds
 * the images that are mounted.
 * @param claims to be disposed of when the container is there, or will not be
 */
export async function makeVolumes(
  context: Context,
  requests: readonly MountRequest[],
  root: RootSpec,
  platform: Platform | undefined,
  claims: DisposableStack,
): Promise<VolumesMade> {
  await using undo = new AsyncDisposableStack()
  const mounts = await settleAll(
    requests.map(async (request): Promise<ContainerMount> => {
      if (request.type === 'image') {
        const image = await claimImage(context, request.reference, platform, claims).catch(cannotMount)
        return { ...request, image: image.id }
      }
      if (request.type !== 'volume') return request
      const { name: wanted, driver, driverOpts, labels, destination, readonly, subpath, mode } = request
      const { Name: name } = await context.volumes.create(
        { ...(wanted && { Name: wanted }), Driver: driver, DriverOpts: driverOpts, Labels: labels },
        claims,
      )
      if (!wanted) undo.defer(() => context.volumes.remove(name, true))
      if (request.seed && !subpath)
        await context.volumes.fill(name, directory => seed(context, name, root, destination, directory))
      return { type: 'volume', name, driver, anonymous: !wanted, destination, readonly, subpath, mode }
    }),
  )
  const kept = undo.move()
  return { mounts, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** Not as an image that is not found: clients would pull the one that the container is made of. */
function cannotMount(error: unknown): never {
  throw invalid(`invalid mount config for type "image": ${messageOf(error)}`)
}

/**
 * A volume is filled by putting a full directory in the place of the empty one. One that somebody sees already must
 * stay the same directory, and so must one that lies elsewhere on the host: those are filled where they are.
 */
async function seed(
  { containers }: Context,
  name: string,
  root: RootSpec,
  destination: string,
  { source, isOwn, staging }: VolumeDirectory,
): Promise<void> {
  const isSeen = containers
    .all()
    .some(
      ({ record, state }) =>
        isAlive(state) && record.mounts.some(mount => mount.type === 'volume' && mount.name === name),
    )
  if (isOwn && !isSeen) {
    await seedVolume(root, destination, source)
    return
  }
  if ((await readdir(source)).length > 0) return
  await mkdir(staging, { recursive: true })
  try {
    await seedVolume(root, destination, staging)
    const { execa } = await import('execa')
    await execa('cp', ['-a', '--', `${staging}/.`, source])
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}
