import type { NetworkOperations } from '../../api.ts'
import { type EngineConnection, path } from '../connection.ts'

export const networkOperations = (connection: EngineConnection): NetworkOperations => ({
  networkList(options = {}) {
    return connection.json('GET', '/networks', { query: { ...options } })
  },
  networkInspect(id) {
    return connection.json('GET', path`/networks/${id}`)
  },
  networkCreate(body) {
    return connection.json('POST', '/networks/create', { body })
  },
  async networkDelete(id) {
    await connection.perform('DELETE', path`/networks/${id}`)
  },
  networkPrune(options = {}) {
    return connection.json('POST', '/networks/prune', { query: { ...options } })
  },
  async networkConnect(id, container, endpoint) {
    const body = { Container: container, ...(endpoint && { EndpointConfig: endpoint }) }
    await connection.perform('POST', path`/networks/${id}/connect`, { body })
  },
  async networkDisconnect(id, container, force) {
    const body = { Container: container, ...(force !== undefined && { Force: force }) }
    await connection.perform('POST', path`/networks/${id}/disconnect`, { body })
  },
})
