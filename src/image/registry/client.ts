import { TscomposeError } from '../../errors.ts'
import { digestOf } from '../digest.ts'
import type { Digest } from '../image.ts'
import { JsonObject } from '../json.ts'
import { mediaTypes } from '../manifest.ts'
import type { RegistrySession } from './session.ts'

const { ociIndex, ociManifest, dockerManifestList, dockerManifest } = mediaTypes
const accept = [ociIndex, dockerManifestList, ociManifest, dockerManifest].join(', ')
const MANIFEST_LIMIT = 4 * 1024 * 1024 // the distribution specification's
const CONFIG_LIMIT = 16 * 1024 * 1024
/** Pages of a list of tags: a registry can go on for ever. */
const MOST_PAGES = 1000

/** A manifest as a registry has it. */
export interface FetchedManifest {
  readonly bytes: Buffer
  readonly digest: Digest
  /** As the registry calls it; empty if it does not. */
  readonly mediaType: string
}

/** Reads from one repository at one endpoint (OCI distribution-spec, "Pull"). */
export class RegistryClient {
  readonly #session: RegistrySession

  constructor(session: RegistrySession) {
    this.#session = session
  }

  get host(): string {
    return this.#session.host
  }

  /** A manifest or index by tag or digest, verified where its digest is known. */
  async manifest(tagOrDigest: string, signal: AbortSignal): Promise<FetchedManifest> {
    const url = this.#session.url(`manifests/${tagOrDigest}`)
    const response = await this.#session.send({ url, headers: { accept } }, [200], signal)
    const bytes = await this.#session.read(response, MANIFEST_LIMIT, signal)
    const digest = digestOf(bytes)
    const announced = tagOrDigest.includes(':') ? tagOrDigest : response.headers['docker-content-digest']
    if (announced !== undefined && announced !== digest && String(announced).startsWith('sha256:'))
      throw new TscomposeError(
        'IMAGE_DIGEST_MISMATCH',
        `${this.host} sends a manifest with the digest ${digest} as ${announced}`,
      )
    return { bytes, digest, mediaType: response.headers['content-type'] ?? '' }
  }

  /** The digest of what a tag names, without asking for it; undefined if the registry does not tell. */
  async digestOf(tag: string, signal: AbortSignal): Promise<string | undefined> {
    const request = { url: this.#session.url(`manifests/${tag}`), method: 'HEAD', headers: { accept } } as const
    const { status, headers, body } = await this.#session.send(request, [200, 404, 405], signal)
    body.resume()
    return status === 200 ? headers['docker-content-digest']?.toString() : undefined
  }

  /** All tags of the repository (distribution-spec, "Listing Tags"). */
  async tags(signal: AbortSignal): Promise<readonly string[]> {
    const tags: string[] = []
    let pages = 0
    for (let url: URL | undefined = this.#session.url('tags/list'); url; pages++) {
      if (pages === MOST_PAGES)
        throw new TscomposeError('REGISTRY_ERROR', `${this.host} has more than ${MOST_PAGES} pages of tags`)
      const response = await this.#session.send({ url }, [200], signal)
      const bytes = await this.#session.read(response, MANIFEST_LIMIT, signal)
      const json = JsonObject.parse(bytes, `the tags of ${this.host}`, 'REGISTRY_ERROR')
      tags.push(...(json.strings('tags') ?? []))
      const next = /<([^>]*)>\s*;\s*rel="?next"?/.exec(String(response.headers.link ?? ''))?.[1]
      url = next === undefined ? undefined : new URL(next, url)
    }
    return tags
  }

  /** A blob that has to fit in memory, verified. */
  async document(digest: Digest, signal: AbortSignal): Promise<Buffer> {
    const response = await this.#session.send({ url: this.#session.url(`blobs/${digest}`) }, [200], signal)
    const bytes = await this.#session.read(response, CONFIG_LIMIT, signal)
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
    const headers = offset > 0 ? { range: `bytes=${offset}-` } : {}
    const url = this.#session.url(`blobs/${digest}`)
    const response = await this.#session.send({ url, headers }, [200, 206], signal)
    const start = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1]
    return { body: response.body, offset: response.status === 206 && start !== undefined ? Number(start) : 0 }
  }
}
