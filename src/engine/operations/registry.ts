import type { RegistryOperations } from '../api.ts'
import type { Context } from '../context.ts'
import { pullImage } from '../image/images.ts'
import { pushImage } from '../image/push.ts'
import { inspectDistribution, login, searchImages } from '../image/registries.ts'

export const registryOperations = (context: Context): RegistryOperations => ({
  async imagePull(reference, options, signal) {
    return pullImage(context, reference, options, signal)
  },
  async imagePush(name, options, signal) {
    return pushImage(context, name, options, signal)
  },
  async imageSearch(term, options, signal) {
    return await searchImages(context, term, options, signal)
  },
  async distributionInspect(name, { auth }, signal) {
    return await inspectDistribution(context, name, auth, signal)
  },
  async systemAuth(auth, signal) {
    return await login(context, auth, signal)
  },
})
