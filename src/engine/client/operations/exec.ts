import type { ExecOperations } from '../../api.ts'
import { type EngineConnection, path } from '../connection.ts'

export const execOperations = (connection: EngineConnection): ExecOperations => ({
  execCreate(containerId, body) {
    return connection.json('POST', path`/containers/${containerId}/exec`, { body })
  },
  async execStart(execId, body) {
    if (!body.Detach) return connection.hijack(path`/exec/${execId}/start`, { body })
    await connection.perform('POST', path`/exec/${execId}/start`, { body })
    return undefined
  },
  async execResize(execId, height, width) {
    await connection.perform('POST', path`/exec/${execId}/resize`, { query: { h: height, w: width } })
  },
  execInspect(execId) {
    return connection.json('GET', path`/exec/${execId}/json`)
  },
})
