import type { TscomposeError } from '../../errors.ts'
import type { Digest } from '../image.ts'
import type { Descriptor } from '../manifest.ts'
import type { RegistryClient } from './client.ts'
import type { BlobSource } from './download.ts'
import { failureError, isOfEndpoint, isPassing, readFailure, unreachable } from './failures.ts'
import { HttpClient } from './http.ts'
import { PassingFault } from './retry.ts'

/** Downloads a layer from the registry, or from where its maker has it. */
export async function fromAnywhere(
  client: RegistryClient,
  { urls = [] }: Descriptor,
  get: (source: BlobSource) => Promise<void>,
): Promise<void> {
  const elsewhere = urls.flatMap(text => URL.parse(text) ?? []).filter(({ protocol }) => /^https?:$/.test(protocol))
  const sources = [client, ...elsewhere.map(url => new ForeignBlob(url))]
  for (const source of sources) {
    try {
      return await get(source)
    } catch (error) {
      if (source === sources.at(-1) || !isOfEndpoint(error)) throw error
    }
  }
}

/** A blob at a URL that its descriptor names, for a layer that its maker lets nobody else give away. */
class ForeignBlob implements BlobSource {
  readonly #url: URL

  constructor(url: URL) {
    this.#url = url
  }

  get host(): string {
    return this.#url.host
  }

  async blob(digest: Digest, from: number, signal: AbortSignal) {
    const headers = from > 0 ? { range: `bytes=${from}-` } : {}
    const http = new HttpClient({ insecure: false })
    const response = await http.send({ url: this.#url, headers }, signal).catch(cause => {
      signal.throwIfAborted()
      throw passing(unreachable(this.host, cause))
    })
    const start = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1]
    if (response.status === 200) return { body: response.body, offset: 0 }
    if (response.status === 206) return { body: response.body, offset: Number(start ?? 0) }
    const error = failureError(await readFailure(response), digest, this.host, 'pull')
    throw isPassing(response.status) ? passing(error) : error
  }
}

const passing = (error: TscomposeError) => new PassingFault(error.message, { cause: error })
