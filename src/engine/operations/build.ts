import type { BuildOperations } from '../api.ts'
import type { Context } from '../context.ts'
import { outside } from '../outside.ts'

export const buildOperations = (context: Context): BuildOperations => ({
  async imageBuild(request, input, signal) {
    const { buildImage } = await import('../build/build.ts')
    return outside(context, () => buildImage(context, request, input, signal))
  },
  async imageFiles(name) {
    const { imageFiles } = await import('../build/image-files.ts')
    return await imageFiles(context, name)
  },
  async buildPrune(options = {}) {
    const { pruneBuilds } = await import('../build/prune.ts')
    return await pruneBuilds(context, options)
  },
})
