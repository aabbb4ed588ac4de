import type { ImageOperations } from '../../api.ts'
import { type EngineConnection, path } from '../connection.ts'
import { progress } from './requests.ts'

export const imageOperations = (connection: EngineConnection): ImageOperations => ({
  imageList(options = {}) {
    return connection.json('GET', '/images/json', { query: { ...options } })
  },
  imageInspect(name, options = {}) {
    return connection.json('GET', path`/images/${name}/json`, { query: { ...options } })
  },
  imageLoad(archive, signal, options = {}) {
    return progress(connection, '/images/load', { query: { ...options }, upload: archive, signal })
  },
  async imageSave(names, options = {}) {
    return (await connection.send('GET', '/images/get', { query: { names, ...options } })).body
  },
  imageImport(source, options, signal) {
    const { changes, ...query } = options
    const fromSrc = source instanceof URL ? source.href : '-'
    return progress(connection, '/images/create', {
      query: { ...query, fromSrc, changes },
      ...(source instanceof URL ? {} : { upload: source }),
      signal,
    })
  },
  imageCommit(container, { config, ...query } = {}) {
    return connection.json('POST', '/commit', { query: { container, ...query }, ...(config && { body: config }) })
  },
  imageHistory(name, options = {}) {
    return connection.json('GET', path`/images/${name}/history`, { query: { ...options } })
  },
  imagePrune(options = {}) {
    return connection.json('POST', '/images/prune', { query: { ...options } })
  },
  async imageTag(name, repo, tag) {
    await connection.perform('POST', path`/images/${name}/tag`, { query: { repo, tag } })
  },
  imageDelete(name, { platform, ...options } = {}) {
    return connection.json('DELETE', path`/images/${name}`, { query: { ...options, platforms: platform } })
  },
})
