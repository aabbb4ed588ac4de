import type { RegistryAuth } from '../image.ts'
import { familiarName, type Reference } from '../reference.ts'
import { authorize } from './authorization.ts'
import type { Endpoint } from './endpoints.ts'
import { type Doing, failureError, isPassing, readFailure, unreachable } from './failures.ts'
import { HttpClient, type HttpRequest, type HttpResponse, readBody } from './http.ts'
import { PassingFault } from './retry.ts'

/**
 * Faults of a first connection that may pass. Others tell that there is no registry, or none that speaks TLS. Once a
 * registry has answered, every fault counts as passing: it may be about to start again.
 */
const passing = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'])

export interface SessionOptions {
  readonly login: () => Promise<RegistryAuth | undefined>
  /** What is done to the repository: the right to do it is asked for. */
  readonly doing: Doing
  /** Other repositories of the registry that are read from, for blobs to mount. */
  readonly sources?: readonly string[]
}

/** Requests to one repository at one endpoint, with the authorization that the registry wants. */
export class RegistrySession {
  readonly #endpoint: Endpoint
  readonly #reference: Reference
  readonly #options: SessionOptions
  readonly #http: HttpClient
  #authorization: string | undefined
  #answered = false

  constructor(endpoint: Endpoint, reference: Reference, options: SessionOptions) {
    this.#endpoint = endpoint
    this.#reference = reference
    this.#options = options
    this.#http = new HttpClient(endpoint)
  }

  get host(): string {
    return this.#endpoint.url.host
  }

  /** `manifests/TAG` and the like, of this repository. */
  url(path: string): URL {
    return new URL(`v2/${this.#reference.path}/${path}`, this.#endpoint.url)
  }

  /**
   * @param accepted the statuses that are an answer to the request
   * @throws PassingFault where it may help to try again, TscomposeError REGISTRY_* where it does not
   */
  async send(request: HttpRequest, accepted: readonly number[], signal: AbortSignal): Promise<HttpResponse> {
    let response = await this.#send(request, signal)
    // Whom it has redirected to may ask for something, too: that is not who the login is for (CVE-2020-15157).
    if (response.status === 401 && !accepted.includes(401) && this.#isOwn(response.url)) {
      const authorization = await this.#authorize(response, signal)
      if (authorization) {
        response.body.resume() // so that the connection can be used again
        this.#authorization = authorization
        response = await this.#send(request, signal)
      }
    }
    if (accepted.includes(response.status)) return response
    const failure = await readFailure(response)
    const error = failureError(failure, familiarName(this.#reference), this.host, this.#options.doing)
    throw isPassing(failure.status) ? new PassingFault(error.message, { cause: error }) : error
  }

  /** The body of an answer, which has to fit in memory. */
  async read(response: HttpResponse, limit: number, signal: AbortSignal): Promise<Buffer> {
    try {
      return await readBody(response, limit)
    } catch (cause) {
      signal.throwIfAborted()
      const error = unreachable(this.host, cause)
      throw new PassingFault(error.message, { cause: error })
    }
  }

  async #authorize(response: HttpResponse, signal: AbortSignal): Promise<string | undefined> {
    const { login, doing, sources = [] } = this.#options
    const own = `repository:${this.#reference.path}:${doing === 'push' ? 'pull,push' : 'pull'}`
    // For a request that only reads the registry names the right to read. More will be needed, so it is asked for now.
    const more = doing === 'push' ? [own, ...sources.map(path => `repository:${path}:pull`)] : []
    return (await authorize(response, { scope: own, more }, await login(), this.#http, signal))?.header
  }

  #isOwn(url: URL): boolean {
    return url.origin === this.#endpoint.url.origin
  }

  async #send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    // What a registry says about another host is no reason to tell that host the login.
    const authorization = this.#isOwn(request.url) ? this.#authorization : undefined
    try {
      const headers = { ...request.headers, ...(authorization && { authorization }) }
      const response = await this.#http.send({ ...request, headers }, signal)
      this.#answered = true
      return response
    } catch (cause) {
      signal.throwIfAborted()
      const error = unreachable(request.url.host, cause)
      const { code = '' } = cause as NodeJS.ErrnoException
      if (this.#answered || passing.has(code)) throw new PassingFault(error.message, { cause: error })
      throw error
    }
  }
}
