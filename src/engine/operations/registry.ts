import type { RegistryOperations } from '../api.ts'
import type { Context } from '../context.ts'
import { pullImage } from '../image/images.ts'
import { pushImage } from '../image/push.ts'
import { inspectDistribution, login, searchImages } from '../image/registries.ts'
import { outside } from '../outside.ts'

export const registryOperations = (context: Context): RegistryOperations => ({
  async imagePull(reference, options, signal) {
    return outside(context, () => pullImage(context, reference, options, signal))
  },
  async imagePush(name, options, signal) {
    return outside(context, () => pushImage(context, name, options, signal))
  },
  async imageSearch(term, options, signal) {
    return await outside(context, () => searchImages(context, term, options, signal))
  },
  async distributionInspect(name, { auth }, signal) {
    return await outside(context, () => inspectDistribution(context, name, auth, signal))
  },
  async systemAuth(auth, signal) {
    return await outside(context, () => login(context, auth, signal))
  },
})
