import { isRepository } from '../../../image/reference.ts'
import type { RegistryOperations } from '../../api.ts'
import { type EngineConnection, path } from '../connection.ts'
import { authHeader, progress } from './requests.ts'

export const registryOperations = (connection: EngineConnection): RegistryOperations => ({
  async imagePull(reference, { platform, auth, allTags }, signal) {
    // A name alone stands for all its tags.
    const tag = isRepository(reference) && !allTags ? 'latest' : undefined
    const query = { fromImage: reference, tag, platform }
    return progress(connection, '/images/create', { query, headers: authHeader(auth), signal })
  },
  async imagePush(name, { tag, platform, auth }, signal) {
    const more = { query: { tag, platform }, headers: authHeader(auth), signal }
    return progress(connection, path`/images/${name}/push`, more)
  },
  imageSearch(term, { auth, ...query }, signal) {
    const more = { query: { term, ...query }, headers: authHeader(auth), signal }
    return connection.json('GET', '/images/search', more)
  },
  distributionInspect(name, { auth }, signal) {
    return connection.json('GET', path`/distribution/${name}/json`, { headers: authHeader(auth), signal })
  },
  systemAuth(auth, signal) {
    return connection.json('POST', '/auth', { body: auth, signal })
  },
})
