import { TscomposeError } from '../../errors.ts'
import { digestOf } from '../digest.ts'
import type { Digest, RegistryAuth } from '../image.ts'
import { mediaTypes } from '../manifest.ts'
import { familiarName, type Reference } from '../reference.ts'
import { authorize } from './authorization.ts'
import type { Endpoint } from './endpoints.ts'
import { failureError, isPassing, readFailure, unreachable } from './failures.ts'
import { HttpClient, type HttpResponse, readBody } from './http.ts'

const { ociIndex, ociManifest, dockerManifestList, dockerManifest } = mediaTypes
const MANIFEST_LIMIT = 4 * 1024 * 1024 // the distribution specification's
const CONFIG_LIMIT = 16 * 1024 * 1024

/**
 * Faults of a first connection that may pass. Others tell that there is no registry, or none that speaks TLS. Once a
 * registry has answered, every fault counts as passing: it may be about to start again.
 */
const passing = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'])

/** A fault after which asking again makes sense. */
export class PassingFault extends Error {
  override readonly name = 'PassingFault'
}

/** One repository at one endpoint (OCI distribution-spec, "Pull"). */
export class RegistryClient {
  readonly #endpoint: Endpoint
  readonly #reference: Reference
  readonly #login: () => Promise<RegistryAuth | undefined>
  readonly #http: HttpClient
  #authorization: string | undefined
  #answered = false

  constructor(endpoint: Endpoint, reference: Reference, login: () => Promise<RegistryAuth | undefined>) {
    this.#endpoint = endpoint
    this.#reference = reference
    this.#login = login
    this.#http = new HttpClient(endpoint.insecure)
  }

  get host(): string {
    return this.#endpoint.url.host
  }

  /** A manifest or index by tag or digest, verified where its digest is known. */
  async manifest(
    tagOrDigest: string,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: Buffer; readonly digest: Digest }> {
    const accept = [ociIndex, dockerManifestList, ociManifest, dockerManifest].join(', ')
    const response = await this.#get(`manifests/${tagOrDigest}`, { accept }, signal)
    const bytes = await this.#read(response, MANIFEST_LIMIT, signal)
    const digest = digestOf(bytes)
    const announced = tagOrDigest.includes(':') ? tagOrDigest : response.headers['docker-content-digest']
    if (announced !== undefined && announced !== digest && String(announced).startsWith('sha256:'))
      throw new TscomposeError(
        'IMAGE_DIGEST_MISMATCH',
        `${this.host} sends a manifest with the digest ${digest} as ${announced}`,
      )
    return { bytes, digest }
  }

  /** A blob that has to fit in memory, verified. */
  async document(digest: Digest, signal: AbortSignal): Promise<Buffer> {
    const bytes = await this.#read(await this.#get(`blobs/${digest}`, {}, signal), CONFIG_LIMIT, signal)
    if (digestOf(bytes) === digest) return bytes
    throw new TscomposeError('IMAGE_DIGEST_MISMATCH', `${this.host} sends something else as ${digest}`)
  }

  /**
   * A blob from a byte on.
   * @returns its bytes, and the byte at which they begin: registries may ignore that only a part was asked for
   */
  async blob(
    digest: Digest,
    offset: number,
    signal: AbortSignal,
  ): Promise<{ body: AsyncIterable<Buffer>; offset: number }> {
    const response = await this.#get(`blobs/${digest}`, offset > 0 ? { range: `bytes=${offset}-` } : {}, signal)
    const start = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1]
    return { body: response.body, offset: response.status === 206 && start !== undefined ? Number(start) : 0 }
  }

  /** @throws PassingFault where it may help to try again, TscomposeError REGISTRY_* where it does not */
  async #get(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<HttpResponse> {
    const url = new URL(`v2/${this.#reference.path}/${path}`, this.#endpoint.url)
    let response = await this.#send(url, headers, signal)
    if (response.status === 401) {
      const scope = `repository:${this.#reference.path}:pull`
      const authorization = await authorize(response, scope, await this.#login(), this.#http, signal)
      if (authorization) {
        response.body.resume() // so that the connection can be used again
        this.#authorization = authorization
        response = await this.#send(url, headers, signal)
      }
    }
    if (response.status === 200 || response.status === 206) return response
    const failure = await readFailure(response)
    const error = failureError(failure, familiarName(this.#reference), this.host)
    throw isPassing(failure.status) ? new PassingFault(error.message, { cause: error }) : error
  }

  async #send(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<HttpResponse> {
    const authorization = this.#authorization
    try {
      const request = { url, headers: { ...headers, ...(authorization && { authorization }) } }
      const response = await this.#http.send(request, signal)
      this.#answered = true
      return response
    } catch (cause) {
      signal.throwIfAborted()
      const error = unreachable(url.host, cause)
      const { code = '' } = cause as NodeJS.ErrnoException
      if (this.#answered || passing.has(code)) throw new PassingFault(error.message, { cause: error })
      throw error
    }
  }

  async #read(response: HttpResponse, limit: number, signal: AbortSignal): Promise<Buffer> {
    try {
      return await readBody(response, limit)
    } catch (cause) {
      signal.throwIfAborted()
      const error = unreachable(this.host, cause)
      throw new PassingFault(error.message, { cause: error })
    }
  }
}
