import http from 'node:http'
import https from 'node:https'
import type { Readable } from 'node:stream'
import { certificatesFor } from './certificates.ts'

export interface HttpRequest {
  readonly url: URL
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  /** What does not fit into memory comes from a function: it is called anew for each place the request is sent to. */
  readonly body?: string | Buffer | (() => Readable)
}

export interface HttpResponse {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  /** Has to be read to its end or destroyed. */
  readonly body: Readable
  /** Where the answer came from, after redirects. */
  readonly url: URL
}

/** Proxies are for others than this machine, whatever the environment says; so it is with Docker. */
function proxyEnv(): NodeJS.ProcessEnv {
  const direct = [process.env.no_proxy || process.env.NO_PROXY, 'localhost', '127.0.0.1-127.255.255.255', '::1']
  return { ...process.env, no_proxy: direct.filter(Boolean).join(',') }
}

/** Connections that nobody uses are closed after some seconds; until then they keep no process alive. */
const kept = () => ({ keepAlive: true, timeout: 5_000, proxyEnv: proxyEnv() })

/** Nothing from the other side for so long is a broken connection. */
const SILENCE_MS = 60_000
const REDIRECTS = 5

/**
 * HTTP for one registry: connections are kept and used again, proxies are taken from the environment
 * (`HTTPS_PROXY`, `NO_PROXY`), redirects are followed without the credentials of the host they left.
 */
export class HttpClient {
  readonly #insecure: boolean
  #plain: http.Agent | undefined
  /** By host: what is shown to one is nothing for another. */
  readonly #tls = new Map<string, https.Agent>()

  /** @param endpoint `insecure`: certificates are not verified */
  constructor({ insecure }: { readonly insecure: boolean }) {
    this.#insecure = insecure
  }

  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    let { url, headers = {} } = request
    for (let redirects = 0; ; redirects++) {
      const response = await this.#once({ ...request, url, headers }, signal)
      const { location } = response.headers
      if (!isRedirect(response.status, request.method) || !location) return response
      response.body.destroy()
      if (redirects === REDIRECTS) throw new Error(`more than ${REDIRECTS} redirects, the last to ${location}`)
      const next = new URL(location, url)
      if (url.protocol === 'https:' && next.protocol !== 'https:')
        throw new Error(`a redirect away from TLS, to ${location}`)
      if (next.host !== url.host) headers = without(headers, 'authorization')
      url = next
    }
  }

  #once({ url, method = 'GET', headers, body }: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const options = { method, headers: { 'user-agent': 'tscompose', ...headers }, signal, timeout: SILENCE_MS }
      const request =
        url.protocol === 'https:'
          ? https.request(url, { ...options, agent: this.#tlsAgent(url.host) })
          : http.request(url, { ...options, agent: this.#plainAgent() })
      request.on('timeout', () => request.destroy(new Error(`no answer from ${url.host} for ${SILENCE_MS / 1000} s`)))
      request.on('error', reject)
      const source = typeof body === 'function' ? body() : undefined
      request.on('response', response => {
        if (source && !source.readableEnded) stopSending(source, request, response)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response, url })
      })
      if (typeof body !== 'function') request.end(body)
      else {
        request.once('close', () => source?.destroy())
        source?.once('error', error => request.destroy(error)).pipe(request)
      }
    })
  }

  #plainAgent(): http.Agent {
    this.#plain ??= new http.Agent(kept())
    return this.#plain
  }

  #tlsAgent(host: string): https.Agent {
    const known = this.#tls.get(host)
    if (known) return known
    const agent = new https.Agent({ ...kept(), ...certificatesFor(host), rejectUnauthorized: !this.#insecure })
    this.#tls.set(host, agent)
    return agent
  }
}

/** With 301 to 303 a request that changes something would become another one. */
const isRedirect = (status: number, method = 'GET'): boolean =>
  method === 'GET' || method === 'HEAD' ? status >= 300 && status < 400 : status === 307 || status === 308

/** An answer that does not wait for the end of the request is a refusal. Nothing else can be said on that connection. */
function stopSending(source: Readable, request: http.ClientRequest, response: http.IncomingMessage): void {
  source.unpipe(request)
  source.destroy()
  response.once('end', () => request.destroy())
}

const without = (headers: Readonly<Record<string, string>>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([key]) => key.toLowerCase() !== name))

/** Reads a body that has to fit in memory. @throws Error if it is longer than `limit` bytes */
export async function readBody({ body, url }: HttpResponse, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new Error(`the answer of ${url.host} is longer than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
