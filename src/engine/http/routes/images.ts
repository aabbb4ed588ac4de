import type { Readable } from 'node:stream'
import { isRepository } from '../../../image/reference.ts'
import type { ImageDeleteItem } from '../../api.ts'
import { invalid } from '../../failures.ts'
import { importSource } from '../../image/import.ts'
import { type Answer, empty, json } from '../answer.ts'
import { hasBody } from '../body.ts'
import { defined, type Query } from '../query.ts'
import { parseRegistryAuth } from '../registry-auth.ts'
import { commitConfig, registryAuthConfig } from '../requests.ts'
import { type Call, type Route, route } from '../router.ts'
import { nullable } from '../shapes.ts'
import { imageInspectFor, imageSummaryFor } from '../versions/images.ts'

/** `POST /images/create` is two things: a pull with `fromImage`, an import with `fromSrc`. */
async function create(call: Call): Promise<Answer> {
  const { engine, query, headers, signal } = call
  const source = query.text('fromSrc')
  if (source !== undefined) return await importImage(call, source)
  const name = query.text('fromImage')
  if (!name) throw invalid('fromImage must be given')
  const reference = withTag(name, query.text('tag'))
  const options = {
    platform: platformOf(query.text('platform')),
    auth: parseRegistryAuth(headers['x-registry-auth']),
    allTags: isRepository(reference) || undefined,
  }
  const lines = await engine.imagePull(reference, defined(options), signal)
  return { kind: 'lines', lines, atOnce: false }
}

async function importImage({ engine, query, stream, signal }: Call, source: string): Promise<Answer> {
  const options = {
    repo: query.text('repo'),
    tag: query.text('tag'),
    message: query.text('message'),
    changes: [...query.all('changes')],
    platform: query.text('platform'),
  }
  const from = source === '-' ? stream : importSource(source)
  return { kind: 'lines', lines: await engine.imageImport(from, defined(options), signal), atOnce: false }
}

const archive = (stream: Readable): Answer => ({ kind: 'bytes', stream, contentType: 'application/x-tar' })

async function search({ engine, query, headers, signal }: Call): Promise<Answer> {
  const term = query.text('term')
  if (!term) throw invalid('term must be given')
  const options = {
    limit: query.integer('limit'),
    filters: query.filters(),
    auth: parseRegistryAuth(headers['x-registry-auth']),
  }
  return json(await engine.imageSearch(term, defined(options), signal))
}

async function commit({ engine, query, headers, body }: Call): Promise<Answer> {
  const container = query.text('container')
  if (!container) throw invalid('container must be given')
  const options = {
    repo: query.text('repo'),
    tag: query.text('tag'),
    comment: query.text('comment'),
    author: query.text('author'),
    pause: query.text('pause') === undefined ? undefined : query.boolean('pause'),
    changes: query.all('changes').length > 0 ? [...query.all('changes')] : undefined,
    config: (hasBody(headers) && (await body(nullable(commitConfig)))) || undefined,
  }
  return json(await engine.imageCommit(container, defined(options)), 201)
}

/** Since 1.46 a platform comes as an object of the specification, in JSON. */
function platformOf(text: string | undefined): string | undefined {
  if (!text?.startsWith('{')) return text
  try {
    const { os, architecture, variant } = JSON.parse(text)
    return [os, architecture, variant].filter(Boolean).join('/')
  } catch {
    throw invalid(`invalid platform: ${text}`)
  }
}

function forPlatform(query: Query) {
  const [platform, ...others] = query.all('platform')
  if (others.length > 0)
    throw invalid('multiple platform parameters are not supported in this API version; use API version 1.52 or later')
  return defined({ platform: platformOf(platform) })
}

async function push({ engine, params: { name }, query, headers, signal }: Call<'name'>): Promise<Answer> {
  const options = {
    tag: query.text('tag'),
    platform: platformOf(query.text('platform')),
    auth: parseRegistryAuth(headers['x-registry-auth']),
  }
  return { kind: 'lines', lines: await engine.imagePush(name, defined(options), signal), atOnce: false }
}

/** The parameter `tag` may be a digest, too. */
const withTag = (name: string, tag: string | undefined): string =>
  tag === undefined ? name : `${name}${tag.includes(':') ? '@' : ':'}${tag}`

async function tag({ engine, params: { name }, query }: Call<'name'>): Promise<Answer> {
  const repo = query.text('repo')
  if (!repo) throw invalid('repo must be given')
  await engine.imageTag(name, repo, query.text('tag') ?? 'latest')
  return empty(201)
}

async function list({ engine, query, minor }: Call): Promise<Answer> {
  const options = { all: query.boolean('all'), filters: query.filters(), manifests: query.boolean('manifests') }
  return json((await engine.imageList(defined(options))).map(image => imageSummaryFor(minor, image)))
}

async function inspect({ engine, params: { name }, query, minor }: Call<'name'>): Promise<Answer> {
  const { platform } = forPlatform(query)
  const manifests = query.boolean('manifests')
  if (manifests && platform) throw invalid('conflicting options: manifests and platform options cannot both be set')
  return json(imageInspectFor(minor, await engine.imageInspect(name, defined({ platform, manifests }))))
}

async function remove({ engine, params: { name }, query }: Call<'name'>): Promise<Answer> {
  const options = { force: query.boolean('force'), noprune: query.boolean('noprune') }
  const platforms = query.all('platforms').map(platformOf)
  const removed: ImageDeleteItem[] = []
  for (const platform of platforms.length > 0 ? platforms : [undefined])
    removed.push(...(await engine.imageDelete(name, defined({ ...options, platform }))))
  return json(removed)
}

export const imageRoutes: readonly Route[] = [
  route('GET', '/images/json', list),
  route('POST', '/images/create', create),
  route('POST', '/commit', commit),
  route('POST', '/images/load', async ({ engine, query, stream, signal }) => ({
    kind: 'lines',
    lines: await engine.imageLoad(stream, signal, forPlatform(query)),
    atOnce: false,
  })),
  route('GET', '/images/get', async ({ engine, query }) =>
    archive(await engine.imageSave(query.all('names'), forPlatform(query))),
  ),
  route('GET', '/images/search', search),
  route('POST', '/images/prune', async ({ engine, query }) =>
    json(await engine.imagePrune(defined({ filters: query.filters() }))),
  ),
  route('GET', '/images/{name}/get', async ({ engine, params: { name }, query }) =>
    archive(await engine.imageSave([name], forPlatform(query))),
  ),
  route('GET', '/images/{name}/history', async ({ engine, params: { name }, query }) =>
    json(await engine.imageHistory(name, forPlatform(query))),
  ),
  route('GET', '/images/{name}/json', inspect),
  route('POST', '/images/{name}/tag', tag),
  route('POST', '/images/{name}/push', push),
  route('GET', '/distribution/{name}/json', async ({ engine, params: { name }, headers, signal }) =>
    json(
      await engine.distributionInspect(name, defined({ auth: parseRegistryAuth(headers['x-registry-auth']) }), signal),
    ),
  ),
  route('POST', '/auth', async ({ engine, body, signal }) =>
    json(await engine.systemAuth(await body(registryAuthConfig), signal)),
  ),
  route('DELETE', '/images/{name}', remove),
]
