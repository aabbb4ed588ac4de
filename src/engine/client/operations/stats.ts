import type { ContainerStatsResponse, StatsOperations } from '../../api.ts'
import { type EngineConnection, path } from '../connection.ts'
import { untilAborted } from './requests.ts'

export const statsOperations = (connection: EngineConnection): StatsOperations => ({
  async containerStats(id, { stream = true, oneShot }, signal) {
    const query = { stream, 'one-shot': oneShot }
    const response = await connection.send('GET', path`/containers/${id}/stats`, { query, signal })
    return untilAborted(connection.lines(response, signal), signal) as AsyncIterable<ContainerStatsResponse>
  },
})
