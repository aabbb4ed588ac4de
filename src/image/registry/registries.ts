import { TscomposeError } from '../../errors.ts'
import { parseConfiguration } from '../config.ts'
import type { Digest, ImageStoreOptions, Platform, RegistryAuth } from '../image.ts'
import { JsonObject } from '../json.ts'
import { parseManifest } from '../manifest.ts'
import { parseReference, type Reference } from '../reference.ts'
import { type Authorization, authorize } from './authorization.ts'
import { RegistryClient } from './client.ts'
import { domainOf, storedCredentials } from './credentials.ts'
import { type Endpoint, endpointsOf } from './endpoints.ts'
import { failureError, readFailure, unreachable } from './failures.ts'
import { HttpClient, type HttpResponse, readBody } from './http.ts'
import { retrying } from './retry.ts'
import { RegistrySession } from './session.ts'

const RETRIES = 2
const RESULTS_LIMIT = 4 * 1024 * 1024

/** What a registry has under a name, without the image itself. */
export interface Distribution {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly platforms: readonly Platform[]
}

/** A repository that a search has found. */
export interface Found {
  readonly name: string
  readonly description: string
  readonly stars: number
  readonly official: boolean
  readonly automated: boolean
}

/** What is asked of registries besides images. */
export class Registries {
  readonly #options: ImageStoreOptions

  constructor(options: ImageStoreOptions) {
    this.#options = options
  }

  /**
   * Finds out whether a registry accepts a login.
   * @returns an identity token to keep instead of the password, where the registry gives one
   * @throws TscomposeError REGISTRY_LOGIN_REFUSED if not, REGISTRY_UNREACHABLE
   */
  async login(auth: RegistryAuth, signal: AbortSignal): Promise<string | undefined> {
    const domain = domainOf(auth.serveraddress ?? '')
    return await this.#first(domain, async ({ url, insecure }) => {
      const http = new HttpClient({ insecure })
      const ping = new URL('v2/', url)
      let authorization: Authorization | undefined
      let response = await http.send({ url: ping }, signal)
      if (response.status === 401) {
        response.body.resume()
        const scopes = { scope: '', more: [], toKeep: true }
        authorization = await authorize(response, scopes, auth, http, signal).catch(asRefusal)
        if (authorization)
          response = await http.send({ url: ping, headers: { authorization: authorization.header } }, signal)
      }
      if (response.status === 200) {
        response.body.resume()
        return authorization?.identitytoken
      }
      const failure = await readFailure(response)
      if (response.status !== 401 && response.status !== 403) throw failureError(failure, domain, url.host, 'pull')
      throw new TscomposeError('REGISTRY_LOGIN_REFUSED', `login attempt to ${ping} failed: ${failure.text}`)
    })
  }

  /** @throws TscomposeError REGISTRY_NOT_FOUND, REGISTRY_* */
  async inspect(name: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<Distribution> {
    const reference = parseReference(name)
    const login = async () => auth ?? (await storedCredentials(reference.domain, signal))
    return await this.#first(reference.domain, async endpoint => {
      const client = new RegistryClient(new RegistrySession(endpoint, reference, { login, doing: 'pull' }))
      const wanted = reference.digest ?? reference.tag ?? 'latest'
      const { bytes, digest } = await retrying(RETRIES, () => client.manifest(wanted, signal), signal)
      const manifest = parseManifest(bytes, `the manifest of ${name}`)
      const platforms =
        manifest.kind === 'index'
          ? manifest.manifests.flatMap(({ platform }) => (platform ? [platform] : []))
          : [
              parseConfiguration(await retrying(RETRIES, () => client.document(manifest.config.digest, signal), signal))
                .platform,
            ]
      return { mediaType: manifest.mediaType, digest, size: bytes.length, platforms }
    })
  }

  /**
   * Searches a registry, which the term may begin with, or Docker Hub.
   * @throws TscomposeError REGISTRY_SEARCH_MISSING: only few other registries can do it
   */
  async search(
    term: string,
    limit: number,
    auth: RegistryAuth | undefined,
    signal: AbortSignal,
  ): Promise<readonly Found[]> {
    const { domain, query } = searchTerm(term)
    const login = auth ?? (await storedCredentials(domain, signal))
    return await this.#first(domain, async ({ url, insecure }) => {
      const base = domain === 'docker.io' ? new URL('https://index.docker.io/') : url
      const search = new URL('v1/search', base)
      search.searchParams.set('q', query)
      search.searchParams.set('n', String(limit))
      const basic = login?.username && Buffer.from(`${login.username}:${login.password ?? ''}`).toString('base64')
      const headers = basic ? { authorization: `Basic ${basic}` } : {}
      const response = await new HttpClient({ insecure }).send({ url: search, headers }, signal).catch(cause => {
        throw unreachable(base.host, cause)
      })
      if (response.status !== 200) throw await searchFailure(response, base.host)
      const body = await readBody(response, RESULTS_LIMIT)
      const json = JsonObject.parse(body, `the answer of ${base.host}`, 'REGISTRY_ERROR')
      return json
        .required('results', (json, key) => json.objects(key))
        .map(found)
        .slice(0, limit)
    })
  }

  /** The answer of the first endpoint of a registry that can be reached. */
  async #first<T>(domain: string, ask: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    const endpoints = endpointsOf(domain, { ...this.#options, registryMirrors: [] })
    for (const endpoint of endpoints) {
      try {
        return await ask(endpoint)
      } catch (cause) {
        const error = cause instanceof TscomposeError ? cause : unreachable(endpoint.url.host, cause)
        if (error.code !== 'REGISTRY_UNREACHABLE' || endpoint === endpoints.at(-1)) throw error
      }
    }
    throw new TypeError('there is no endpoint to ask')
  }
}

/** What gives no token refuses the login. */
function asRefusal(error: unknown): never {
  if (!(error instanceof TscomposeError) || error.code !== 'REGISTRY_UNAUTHORIZED') throw error
  throw new TscomposeError('REGISTRY_LOGIN_REFUSED', `login attempt failed: ${error.message}`, { cause: error })
}

function searchTerm(term: string): Pick<Reference, 'domain'> & { query: string } {
  const slash = term.indexOf('/')
  const first = term.slice(0, Math.max(0, slash))
  const isDomain = /[.:]/.test(first) || first === 'localhost'
  return isDomain ? { domain: domainOf(first), query: term.slice(slash + 1) } : { domain: 'docker.io', query: term }
}

async function searchFailure(response: HttpResponse, host: string): Promise<TscomposeError> {
  const failure = await readFailure(response)
  if (failure.status !== 404) return failureError(failure, host, host, 'pull')
  return new TscomposeError('REGISTRY_SEARCH_MISSING', `${host} cannot be searched: it has no search API`, {
    fix: `Most registries other than Docker Hub have none. Some list what they have at /v2/_catalog.`,
  })
}

const found = (json: JsonObject): Found => ({
  name: json.string('name') ?? '',
  description: json.string('description') ?? '',
  stars: json.number('star_count') ?? 0,
  official: json.boolean('is_official') ?? false,
  automated: json.boolean('is_automated') ?? false,
})
