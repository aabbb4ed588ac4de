import type { VolumeOperations } from '../../api.ts'
import { type EngineConnection, path } from '../connection.ts'

export const volumeOperations = (connection: EngineConnection): VolumeOperations => ({
  volumeList(options = {}) {
    return connection.json('GET', '/volumes', { query: { ...options } })
  },
  volumeInspect(name) {
    return connection.json('GET', path`/volumes/${name}`)
  },
  volumeCreate(body) {
    return connection.json('POST', '/volumes/create', { body })
  },
  volumePrune(options = {}) {
    return connection.json('POST', '/volumes/prune', { query: { ...options } })
  },
  async volumeDelete(name, { force } = {}) {
    await connection.perform('DELETE', path`/volumes/${name}`, { query: { force } })
  },
})
