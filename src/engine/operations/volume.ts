import type { VolumeOperations } from '../api.ts'
import type { Context } from '../context.ts'

export const volumeOperations = (context: Context): VolumeOperations => ({
  async volumeList({ filters } = {}) {
    return { Volumes: context.volumes.list(filters), Warnings: [] }
  },
  async volumeInspect(name) {
    return context.volumes.inspect(name)
  },
  async volumeCreate(request) {
    return await context.volumes.create(request)
  },
  async volumePrune({ filters } = {}) {
    return await context.volumes.prune(filters)
  },
  async volumeDelete(name, options = {}) {
    await context.volumes.remove(name, options.force)
  },
})
