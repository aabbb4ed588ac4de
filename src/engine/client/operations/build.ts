import type { BuildMessage, BuildOperations } from '../../api.ts'
import { progressOf } from '../../http/json-lines.ts'
import { type EngineConnection, path } from '../connection.ts'

export const buildOperations = (connection: EngineConnection): BuildOperations => ({
  async imageBuild(body, input, signal) {
    if (input.archive || input.session) throw new TypeError('a context goes to the engine by its name')
    // Which registries it will ask is for the Dockerfile to say.
    const { allLogins } = await import('../registries.ts')
    const request = { Auths: await allLogins(signal), ...body }
    const response = await connection.send('POST', '/tscompose/build', { body: request, signal })
    return progressOf(connection.lines(response, signal)) as AsyncIterable<unknown> as AsyncIterable<BuildMessage>
  },
  async imageFiles(name) {
    return (await connection.send('GET', path`/tscompose/images/${name}/files`)).body
  },
  buildPrune({ all, filters, reservedSpace, maxUsedSpace, minFreeSpace } = {}) {
    const space = {
      'reserved-space': reservedSpace,
      'max-used-space': maxUsedSpace,
      'min-free-space': minFreeSpace,
    }
    return connection.json('POST', '/build/prune', { query: { all, filters, ...space } })
  },
})
