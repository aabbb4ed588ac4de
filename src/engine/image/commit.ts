import type { HistoryEntry, Image } from '../../image/image.ts'
import { familiarName, parseReference } from '../../image/reference.ts'
import type { ContainerConfig, ImageCommitOptions } from '../api.ts'
import type { Container } from '../container/container.ts'
import { emitContainer } from '../container/events.ts'
import { whilePaused } from '../container/pause.ts'
import { mountpoints } from '../container/root.ts'
import type { Context } from '../context.ts'
import { imageNotFound, invalid, stateConflict } from '../failures.ts'
import { timestamp } from '../time.ts'
import { mergeConfig } from '../translate/merge-config.ts'
import { imageConfigOf, withChanges } from './changes.ts'
import { imageOfContainer } from './of-container.ts'

/** The digest of an archive without entries: nothing was changed, and there is no layer of it. */
const EMPTY = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef'

/** `docker commit`: an image of what a container has made of its own. @returns its id */
export async function commitContainer(
  context: Context,
  container: Container,
  { repo, tag, comment = '', author = '', pause = true, changes = [], config: asked }: ImageCommitOptions,
): Promise<string> {
  const { images, events, closing } = context
  const { record, removing, directory } = container
  const name = repo ? familiarName(parseReference(tag ? `${repo}:${tag}` : repo)) : undefined
  if (removing) throw stateConflict(`You cannot commit container ${container.id} which is being removed`)
  const image = await imageOfContainer(context, record)
  if (!image) throw imageNotFound(record.config.Image)
  if (image.rootfs !== undefined)
    throw invalid(`the image of container ${container.name} is the directory ${image.rootfs}, which is in no layer`)
  const changed = await withChanges(imageConfigOf(asked ?? record.config), changes)
  const merged = mergeConfig({ ...(changed as Partial<ContainerConfig>), Image: '' }, imageConfigOf(record.config))
  const config = imageConfigOf({ ...merged, ...(changed.OnBuild && { OnBuild: changed.OnBuild }) })

  const { workshop } = images
  await using lease = workshop.lease()
  await lease.hold([image.id, ...image.layers])
  workshop.prepare()
  const pack = () => workshop.archive(`${directory.writableLayer}/upper`, mountpoints, lease)
  const { digest, size } = await container.serial.run(async () => {
    if (container.removed) throw stateConflict(`You cannot commit container ${container.id} which is being removed`)
    return await (pause ? whilePaused(context, container, pack) : pack())
  })
  const added = digest === EMPTY ? [] : [digest]
  for (const layer of added) await workshop.unpack(layer, size, closing)

  const created = timestamp()
  const entry: HistoryEntry = {
    created,
    created_by: (record.config.Cmd ?? []).join(' '),
    ...(author && { author }),
    ...(comment && { comment }),
    ...(added.length === 0 && { empty_layer: true }),
  }
  const configuration = JSON.stringify({
    ...image.platform,
    created,
    ...(author && { author }),
    config,
    history: [...fullHistory(image), entry],
    rootfs: { type: 'layers', diff_ids: [...image.layers, ...added] },
  })
  const { id } = await workshop.addImage({ configuration, names: name === undefined ? [] : [name] })
  if (name !== undefined) events.emit('image', 'tag', id, { name })
  emitContainer(context, container, 'commit', { comment, imageID: id, imageRef: name ?? '' })
  return id
}

/** An image that tells nothing of its layers gets an entry for each: what comes after them would be taken for theirs. */
function fullHistory({ history, layers, created }: Image): readonly HistoryEntry[] {
  const told = history.filter(({ empty_layer }) => !empty_layer).length
  const untold = Math.max(0, layers.length - told)
  return [...Array.from({ length: untold }, () => ({ created: created.toISOString() })), ...history]
}
