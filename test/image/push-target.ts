import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { type FakeRegistry, fail, startFakeRegistry } from './fake-registry.ts'
import { sha256 } from './unpack-fixture.ts'

/** A registry that takes what is pushed to it. Blobs belong to repositories, as with a real one. */
export interface PushTarget extends FakeRegistry {
  /** `REPOSITORY DIGEST` */
  readonly owned: Set<string>
  /** Called with each part of an upload; true: it has answered, and nothing is kept but what it says. */
  onUpload: (request: IncomingMessage, response: ServerResponse, upload: { bytes: Buffer }) => boolean
}

export async function startPushTarget(t: TestContext): Promise<PushTarget> {
  const registry = await startFakeRegistry(t)
  const owned = new Set<string>()
  const uploads = new Map<string, { bytes: Buffer }>()
  const target: PushTarget = Object.assign(registry, { owned, onUpload: () => false })

  const keep = (repository: string, response: ServerResponse, digest: string) => {
    owned.add(`${repository} ${digest}`)
    response.writeHead(201, { location: `/v2/${repository}/blobs/${digest}` }).end()
  }
  const answer = async (request: IncomingMessage, response: ServerResponse, repository: string, rest: string) => {
    const url = new URL(request.url ?? '', 'http://x')
    const id = /^blobs\/uploads\/(.+)$/.exec(rest)?.[1] ?? ''
    const upload = uploads.get(id)
    const location = (id: string) => `/v2/${repository}/blobs/uploads/${id}?state=${Math.random()}`
    if (rest.startsWith('manifests/')) {
      const bytes = await bodyOf(request)
      const { config, layers, manifests = [] } = JSON.parse(String(bytes))
      for (const { digest } of manifests)
        if (!registry.manifests.has(`${repository}:${digest}`) && !owned.has(`${repository} ${digest}`))
          return fail(response, 404, 'MANIFEST_UNKNOWN', digest)
      for (const { digest } of config ? [config, ...layers] : [])
        if (!owned.has(`${repository} ${digest}`)) return fail(response, 404, 'MANIFEST_BLOB_UNKNOWN', digest)
      registry.manifests.set(`${repository}:${rest.slice('manifests/'.length)}`, bytes)
      registry.blobs.set(sha256(bytes), bytes)
      response.writeHead(201, { 'docker-content-digest': sha256(bytes) }).end()
    } else if (request.method === 'POST') {
      const mount = url.searchParams.get('mount') ?? ''
      if (owned.has(`${url.searchParams.get('from')} ${mount}`)) return keep(repository, response, mount)
      const id = String(uploads.size)
      uploads.set(id, { bytes: Buffer.alloc(0) })
      response.writeHead(202, { location: location(id), range: '0-0' }).end()
    } else if (!upload) fail(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'unknown')
    else if (request.method === 'DELETE') {
      uploads.delete(id)
      response.writeHead(204).end()
    } else if (request.method === 'GET') {
      const range = `0-${Math.max(0, upload.bytes.length - 1)}`
      response.writeHead(204, { location: location(id), range }).end()
    } else if (!target.onUpload(request, response, upload)) {
      const from =
        /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1] ?? (request.method === 'PUT' ? undefined : 0)
      if (from !== undefined && Number(from) !== upload.bytes.length)
        return fail(response, 416, 'RANGE_INVALID', `at ${upload.bytes.length}`)
      upload.bytes = Buffer.concat([upload.bytes, await bodyOf(request)])
      const digest = url.searchParams.get('digest')
      if (request.method === 'PATCH')
        return void response.writeHead(202, { location: location(id), range: `0-${upload.bytes.length - 1}` }).end()
      if (digest !== sha256(upload.bytes)) return fail(response, 400, 'DIGEST_INVALID', sha256(upload.bytes))
      registry.blobs.set(digest, upload.bytes)
      keep(repository, response, digest)
    }
  }

  registry.hook = (request, response, path) => {
    const [, repository = '', rest = ''] = /^\/v2\/(.+?)\/((?:blobs|manifests)\/[^?]*)/.exec(path) ?? []
    if (request.method === 'GET' && !rest.startsWith('blobs/uploads/')) return false
    if (request.method === 'HEAD') {
      const reference = rest.slice(rest.indexOf('/') + 1)
      const tagged = rest.startsWith('manifests/') ? registry.manifests.get(`${repository}:${reference}`) : undefined
      const digest = tagged ? sha256(tagged) : owned.has(`${repository} ${reference}`) ? reference : undefined
      response.writeHead(digest ? 200 : 404, { 'docker-content-digest': digest ?? '' }).end()
    } else void answer(request, response, repository, rest)
    return true
  }
  return target
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}
