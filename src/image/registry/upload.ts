import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import type { Digest } from '../image.ts'
import type { HttpResponse } from './http.ts'
import { PassingFault, retrying } from './retry.ts'
import type { RegistrySession } from './session.ts'

const RETRIES = 5
/** A blob of at most so many bytes goes in one request. */
const MONOLITHIC = 1024 * 1024
/** Bytes of a chunk for a registry, or a proxy before it, that takes no large requests. */
const SMALL_CHUNK = 8 * 1024 * 1024
const READ_CHUNK = 256 * 1024

/** A blob on its way to a registry. */
export interface Upload {
  readonly digest: Digest
  readonly size: number
  /** The file that has it, or the bytes themselves. */
  readonly content: string | Buffer
}

/** How a blob has come to be in a repository. */
export type Arrival = { readonly how: 'there' | 'pushed' } | { readonly how: 'mounted'; readonly from: string }

/**
 * Has a blob in a repository (OCI distribution-spec, "Pushing Blobs"): what is there is not sent, what another
 * repository of the registry has is mounted, and a transfer that breaks goes on where the registry says it broke.
 * @param sources repositories of the same registry that probably have the blob
 */
export async function upload(
  session: RegistrySession,
  blob: Upload,
  sources: readonly string[],
  onProgress: (current: number) => void,
  signal: AbortSignal,
): Promise<Arrival> {
  if (await retrying(RETRIES, () => hasBlob(session, blob.digest, signal), signal)) return { how: 'there' }
  let location: URL | undefined
  for (const from of sources) {
    if (location) await cancel(session, location, signal)
    location = await retrying(RETRIES, () => begin(session, { mount: blob.digest, from }, signal), signal)
    if (!location) return { how: 'mounted', from }
  }
  await new Transfer(session, blob, location, onProgress).run(signal)
  return { how: 'pushed' }
}

async function hasBlob(session: RegistrySession, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const request = { url: session.url(`blobs/${digest}`), method: 'HEAD' } as const
  const { status, body } = await session.send(request, [200, 404], signal)
  body.resume()
  return status === 200
}

/** Opens an upload. @returns where to send it; undefined if there is no need to: what was asked for is mounted */
async function begin(
  session: RegistrySession,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<URL | undefined> {
  const url = session.url('blobs/uploads/')
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const response = await session.send({ url, method: 'POST', headers: { 'content-length': '0' } }, [201, 202], signal)
  response.body.resume()
  return response.status === 202 ? locationOf(response, session) : undefined
}

/** The registry would keep an upload that nobody goes on with for a week. */
async function cancel(session: RegistrySession, url: URL, signal: AbortSignal): Promise<void> {
  try {
    const { body } = await session.send({ url, method: 'DELETE' }, [200, 202, 204, 404, 405], signal)
    body.resume()
  } catch {
    signal.throwIfAborted() // it is only tidiness
  }
}

function locationOf({ headers, url }: HttpResponse, session: RegistrySession): URL {
  const location = URL.parse(headers.location ?? '', url.href)
  if (!location) throw new TscomposeError('REGISTRY_ERROR', `${session.host} does not say where to send a blob`)
  if (url.protocol === 'https:' && location.protocol !== 'https:')
    throw new TscomposeError('REGISTRY_ERROR', `${session.host} wants a blob sent without TLS, to ${location.host}`)
  return location
}

/** The sending of one blob, over as many requests as it takes. */
class Transfer {
  readonly #session: RegistrySession
  readonly #blob: Upload
  readonly #onProgress: (current: number) => void
  #location: URL | undefined
  #offset = 0
  #chunk = Number.POSITIVE_INFINITY

  /** @param location of an upload that has been opened already */
  constructor(
    session: RegistrySession,
    blob: Upload,
    location: URL | undefined,
    onProgress: (current: number) => void,
  ) {
    this.#session = session
    this.#blob = blob
    this.#location = location
    this.#onProgress = onProgress
  }

  async run(signal: AbortSignal): Promise<void> {
    let broken = false
    const attempt = async (progress: () => void) => {
      if (broken) await this.#findOffset(signal)
      broken = true
      const before = this.#offset
      try {
        this.#location ??= await begin(this.#session, {}, signal)
        await this.#sendAll(signal)
      } finally {
        if (this.#offset > before) progress()
      }
    }
    await retrying(RETRIES, attempt, signal)
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    const { size } = this.#blob
    if (this.#offset === 0 && size <= MONOLITHIC) return await this.#finish(this.#bytes(0, size), size, signal)
    while (this.#offset < size) await this.#sendChunk(signal)
    await this.#finish('', 0, signal)
  }

  async #sendChunk(signal: AbortSignal): Promise<void> {
    const { size } = this.#blob
    const start = this.#offset
    const end = Math.min(start + this.#chunk, size)
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(end - start),
      // The whole at once is what every registry takes; the range would only be one more thing to disagree about.
      ...((start > 0 || end < size) && { 'content-range': `${start}-${end - 1}` }),
    }
    const body = this.#bytes(start, end)
    const request = { url: this.#at(), method: 'PATCH', headers, body } as const
    const response = await this.#session.send(request, [202, 204, 413, 416], signal)
    response.body.resume()
    if (response.status === 413 && this.#chunk > SMALL_CHUNK) {
      this.#chunk = Math.max(SMALL_CHUNK, Number(response.headers['oci-chunk-min-length'] ?? 0))
      throw this.#fault('takes no request so large')
    }
    if (response.status === 413)
      throw new TscomposeError('REGISTRY_ERROR', this.#fault('takes no chunks, either').message)
    if (response.status === 416) throw this.#fault('is at another place of the blob')
    this.#location = locationOf(response, this.#session)
    this.#offset = rangeEnd(response) ?? end
    if (this.#offset <= start || this.#offset > end) throw this.#fault('is at another place of the blob')
  }

  async #finish(body: string | (() => Readable), length: number, signal: AbortSignal) {
    const url = new URL(this.#at())
    url.searchParams.set('digest', this.#blob.digest)
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(length) }
    const response = await this.#session.send({ url, method: 'PUT', headers, body }, [201, 204], signal)
    response.body.resume()
    this.#onProgress(this.#blob.size)
  }

  #at(): URL {
    if (!this.#location) throw new TypeError('the upload has not begun')
    return this.#location
  }

  #bytes(start: number, end: number): () => Readable {
    return () => {
      const { content } = this.#blob
      const stream: Readable =
        typeof content === 'string'
          ? createReadStream(content, { start, end: end - 1, highWaterMark: READ_CHUNK })
          : Readable.from([content.subarray(start, end)])
      let sent = start
      stream.on('data', chunk => {
        sent += chunk.length
        this.#onProgress(sent)
      })
      return stream
    }
  }

  /** Where to go on after a fault; many registries have forgotten all of it, and then it begins anew. */
  async #findOffset(signal: AbortSignal): Promise<void> {
    if (!this.#location) return
    const gone = [200, 400, 404, 405, 416]
    const response = await this.#session.send({ url: this.#location }, [204, ...gone], signal)
    response.body.resume()
    const end = response.status === 204 ? rangeEnd(response) : undefined
    if (end === undefined || end > this.#blob.size) {
      this.#location = undefined
      this.#offset = 0
      return
    }
    this.#offset = end
    if (response.headers.location) this.#location = locationOf(response, this.#session)
  }

  #fault(what: string): PassingFault {
    const message = `${this.#session.host} ${what}: ${this.#blob.digest}`
    return new PassingFault(message, { cause: new TscomposeError('REGISTRY_ERROR', message) })
  }
}

/** Bytes that have arrived, by the header `Range: 0-99`. Registries say `0-0` for nothing, too, and for one byte. */
function rangeEnd({ headers }: HttpResponse): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d+)$/.exec(headers.range ?? '') ?? []
  if (last === undefined) return undefined
  return last === '0' ? 0 : Number(last) + 1
}
