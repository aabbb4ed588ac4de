import type { ContainerOperations, ContainerWaitResponse } from '../../api.ts'
import { type EngineConnection, path } from '../connection.ts'

export const containerOperations = (connection: EngineConnection): ContainerOperations => ({
  containerList(options = {}) {
    return connection.json('GET', '/containers/json', { query: { ...options } })
  },
  containerCreate(name, body, platform) {
    return connection.json('POST', '/containers/create', { query: { name, platform }, body })
  },
  containerInspect(id, { size } = {}) {
    return connection.json('GET', path`/containers/${id}/json`, { query: { size } })
  },
  async containerStart(id) {
    return (await connection.perform('POST', path`/containers/${id}/start`)) !== 304
  },
  async containerStop(id, { signal, timeout } = {}) {
    const query = { signal, t: timeout }
    return (await connection.perform('POST', path`/containers/${id}/stop`, { query })) !== 304
  },
  async containerRestart(id, { signal, timeout } = {}) {
    await connection.perform('POST', path`/containers/${id}/restart`, { query: { signal, t: timeout } })
  },
  async containerKill(id, signal) {
    await connection.perform('POST', path`/containers/${id}/kill`, { query: { signal } })
  },
  async containerPause(id) {
    await connection.perform('POST', path`/containers/${id}/pause`)
  },
  async containerUnpause(id) {
    await connection.perform('POST', path`/containers/${id}/unpause`)
  },
  async containerRename(id, name) {
    await connection.perform('POST', path`/containers/${id}/rename`, { query: { name } })
  },
  containerUpdate(id, body) {
    return connection.json('POST', path`/containers/${id}/update`, { body })
  },
  async containerDelete(id, { volumes, force } = {}) {
    await connection.perform('DELETE', path`/containers/${id}`, { query: { v: volumes, force } })
  },
  containerPrune(options = {}) {
    return connection.json('POST', '/containers/prune', { query: { ...options } })
  },
  async containerWait(id, condition, signal) {
    const more = { query: { condition }, signal }
    const response = await connection.send('POST', path`/containers/${id}/wait`, more)
    const exited = connection.read<ContainerWaitResponse>(response, signal)
    // Nobody may be looking when the connection breaks.
    exited.catch(() => undefined)
    return { exited }
  },
  async containerLogs(id, options) {
    return (await connection.send('GET', path`/containers/${id}/logs`, { query: { ...options } })).body
  },
  containerAttach(id, options) {
    return connection.hijack(path`/containers/${id}/attach`, { query: { ...options } })
  },
  async containerResize(id, height, width) {
    await connection.perform('POST', path`/containers/${id}/resize`, { query: { h: height, w: width } })
  },
  containerTop(id, psArgs) {
    return connection.json('GET', path`/containers/${id}/top`, { query: { ps_args: psArgs } })
  },
})
