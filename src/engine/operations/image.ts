import type { ImageOperations } from '../api.ts'
import type { Context } from '../context.ts'
import { commitContainer } from '../image/commit.ts'
import { findImageFor } from '../image/find.ts'
import { historyOf } from '../image/history.ts'
import { inspect, listImages, loadImages, tagImage, tellSaved } from '../image/images.ts'
import { importImage } from '../image/import.ts'
import { parsePlatform } from '../image/platform.ts'
import { pruneImages } from '../image/prune.ts'
import { deleteImage } from '../image/remove.ts'
import { outside } from '../outside.ts'

export const imageOperations = (context: Context): ImageOperations => ({
  async imageList(options = {}) {
    return await listImages(context, options)
  },
  async imageInspect(name, options = {}) {
    return await inspect(context, name, options)
  },
  async imageLoad(archive, signal, options = {}) {
    return loadImages(context, archive, options.platform, signal)
  },
  async imageSave(names, { platform } = {}) {
    if (platform) for (const name of names) await findImageFor(context, name, platform)
    const archive = await context.images.save(names, platform === undefined ? undefined : parsePlatform(platform))
    for (const name of names) await tellSaved(context, name)
    return archive
  },
  async imageImport(source, options, signal) {
    return outside(context, () => importImage(context, source, options, signal))
  },
  async imageCommit(container, options = {}) {
    return { Id: await commitContainer(context, context.containers.find(container), options) }
  },
  async imageHistory(name, { platform } = {}) {
    const image = await findImageFor(context, name, platform)
    return historyOf(image, context.images.layerSizes(image))
  },
  async imagePrune({ filters } = {}) {
    return await pruneImages(context, filters)
  },
  async imageTag(name, repo, tag) {
    await tagImage(context, name, repo, tag)
  },
  async imageDelete(name, { force, platform } = {}) {
    return await deleteImage(context, name, force, platform)
  },
})
