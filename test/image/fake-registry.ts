import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { BuiltImage } from './image-builder.ts'
import { sha256 } from './unpack-fixture.ts'

/** Answers a request itself and returns true, or leaves it to the registry. */
export type Hook = (request: IncomingMessage, response: ServerResponse, path: string) => boolean

/** A registry on loopback that can be made to behave badly. */
export interface FakeRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string
  readonly url: string
  /** `GET /v2/...`, with the range if one was asked for */
  readonly requests: string[]
  readonly blobs: Map<string, Buffer>
  /** By `REPOSITORY:TAG` */
  readonly manifests: Map<string, Buffer>
  hook: Hook
  /** Makes an image available. */
  add(name: string, image: BuiltImage): void
  addIndex(name: string, index: Buffer, ...images: readonly BuiltImage[]): void
}

export async function startFakeRegistry(t: TestContext): Promise<FakeRegistry> {
  const requests: string[] = []
  const blobs = new Map<string, Buffer>()
  const manifests = new Map<string, Buffer>()
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    requests.push([request.method, path, request.headers.range].filter(Boolean).join(' '))
    if (registry.hook(request, response, path)) return
    const [, repository = '', kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? []
    const bytes =
      (kind === 'manifests' ? manifests.get(`${repository}:${reference}`) : undefined) ?? blobs.get(reference)
    if (!bytes) return fail(response, 404, kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN', 'unknown')
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const type =
      kind === 'blobs' ? 'application/octet-stream' : (JSON.parse(String(bytes)).mediaType ?? 'application/json')
    response.writeHead(from > 0 ? 206 : 200, {
      'content-type': type,
      'content-length': bytes.length - from,
      'docker-content-digest': sha256(bytes),
      ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    })
    response.end(bytes.subarray(from))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const keep = (images: readonly BuiltImage[]) => {
    for (const image of images) for (const [digest, bytes] of image.blobs) blobs.set(digest, bytes)
  }
  const registry: FakeRegistry = {
    host,
    url: `http://${host}`,
    requests,
    blobs,
    manifests,
    hook: () => false,
    add(name, image) {
      keep([image])
      manifests.set(name, image.blobs.get(image.manifest) ?? Buffer.alloc(0))
    },
    addIndex(name, index, ...images) {
      keep(images)
      manifests.set(name, index)
    },
  }
  return registry
}

/** An error as registries report one. */
export function fail(response: ServerResponse, status: number, code: string, message: string, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify({ errors: [{ code, message }] }))
}
