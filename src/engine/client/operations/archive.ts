import type { ArchiveOperations, ContainerPathStat, FilesystemChange } from '../../api.ts'
import { answerInvalid, type EngineConnection, path } from '../connection.ts'
import type { Response } from '../socket-pool.ts'

export const archiveOperations = (connection: EngineConnection): ArchiveOperations => ({
  async containerArchiveInfo(id, target) {
    const response = await connection.send('HEAD', path`/containers/${id}/archive`, { query: { path: target } })
    return pathStatOf(response)
  },
  async containerArchive(id, target) {
    const response = await connection.send('GET', path`/containers/${id}/archive`, { query: { path: target } })
    return { stat: pathStatOf(response), archive: response.body }
  },
  async putContainerArchive(id, target, archive, options = {}) {
    const query = { path: target, ...options }
    await connection.perform('PUT', path`/containers/${id}/archive`, { query, upload: archive })
  },
  async containerExport(id) {
    return (await connection.send('GET', path`/containers/${id}/export`)).body
  },
  async containerChanges(id) {
    return (await connection.json<FilesystemChange[] | null>('GET', path`/containers/${id}/changes`)) ?? []
  },
})

function pathStatOf({ headers }: Response): ContainerPathStat {
  const text = headers.get('x-docker-container-path-stat')
  if (text === undefined) throw answerInvalid('no X-Docker-Container-Path-Stat')
  return JSON.parse(Buffer.from(text, 'base64').toString()) as ContainerPathStat
}
