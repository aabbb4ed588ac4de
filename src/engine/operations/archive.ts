import type { ArchiveOperations } from '../api.ts'
import { exportContainer, getArchive, putArchive, statPath } from '../archive/archive.ts'
import { containerChanges } from '../archive/changes.ts'
import type { Context } from '../context.ts'

export const archiveOperations = (context: Context): ArchiveOperations => ({
  async containerArchiveInfo(id, path) {
    return await statPath(context, context.containers.find(id), path)
  },
  async containerArchive(id, path) {
    return await getArchive(context, context.containers.find(id), path)
  },
  async putContainerArchive(id, path, archive, options = {}) {
    await putArchive(context, context.containers.find(id), path, archive, options)
  },
  async containerExport(id) {
    return await exportContainer(context, context.containers.find(id))
  },
  async containerChanges(id) {
    return await containerChanges(context, context.containers.find(id))
  },
})
