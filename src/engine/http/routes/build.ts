import type { ImageBuildRequest } from '../../api.ts'
import { notSupported } from '../../failures.ts'
import { type Answer, empty, json } from '../answer.ts'
import { buildQuery } from '../build-query.ts'
import type { BuildkitDoor } from '../buildkit/door.ts'
import { classicLines } from '../classic-build.ts'
import { resources, ulimits } from '../host-config.ts'
import { defined } from '../query.ts'
import { registryAuthConfig } from '../requests.ts'
import { type Call, type Route, route } from '../router.ts'
import { boolean, type Fields, integer, map, object, string, strings } from '../shapes.ts'

const labels = map(string)

const buildRequest: Fields<ImageBuildRequest> = {
  Context: string,
  Archive: string,
  Dockerfile: string,
  DockerfileInline: string,
  Target: string,
  BuildArgs: labels,
  Labels: labels,
  Tags: strings,
  NoCache: boolean,
  NoCacheFilter: strings,
  Pull: boolean,
  Platforms: strings,
  Annotations: strings,
  Contexts: labels,
  Secrets: map(object<{ File?: string; Value?: string }>({ File: string, Value: string })),
  SSH: labels,
  NetworkMode: string,
  ExtraHosts: strings,
  ShmSize: integer,
  Ulimits: ulimits,
  Resources: object(resources),
  Entitlements: strings,
  Privileged: boolean,
  CacheFrom: strings,
  CacheTo: strings,
  Check: boolean,
  Auths: map(registryAuthConfig),
}

async function build({ engine, body, signal }: Call): Promise<Answer> {
  const request = await body(object<ImageBuildRequest>(buildRequest))
  return { kind: 'lines', lines: await engine.imageBuild(request, {}, signal), atOnce: false }
}

/** The classic builder: the context comes as a tar archive, the parameters in the query. */
async function classicBuild({ engine, query, headers, stream, signal }: Call): Promise<Answer> {
  const outputs = query.text('outputs')
  if (outputs && outputs !== 'null' && outputs !== '[]') throw notSupported('outputs of a build without BuildKit')
  const remote = query.text('remote')
  const Context = remote === 'client-session' ? undefined : remote
  const request = { ...buildQuery(query, headers), ...defined({ Context }) }
  const input = Context === undefined ? { archive: stream } : {}
  const messages = await engine.imageBuild(request, input, signal)
  return { kind: 'lines', lines: classicLines(messages, query.boolean('q') === true), atOnce: true }
}

/** @param openBuildkit loaded with the first client of BuildKit: most engines never see one */
export const buildRoutes = (openBuildkit: () => Promise<BuildkitDoor>): readonly Route[] => [
  route('POST', '/tscompose/build', build),
  route('POST', '/build', async call =>
    call.query.text('version') === '2' ? (await openBuildkit()).serveBuild(call) : classicBuild(call),
  ),
  route('POST', '/build/cancel', async ({ query }) => {
    const door = await openBuildkit()
    door.cancelBuild(query.text('id') ?? '')
    return empty(200)
  }),
  route('GET', '/tscompose/images/{name}/files', async ({ engine, params: { name } }) => ({
    kind: 'bytes',
    stream: await engine.imageFiles(name),
    contentType: 'application/x-tar',
  })),
  route('POST', '/build/prune', async ({ engine, query }) =>
    json(
      await engine.buildPrune(
        defined({
          all: query.boolean('all'),
          filters: query.filters(),
          // The name until 1.48.
          reservedSpace: query.integer('reserved-space') || query.integer('keep-storage'),
          maxUsedSpace: query.integer('max-used-space'),
          minFreeSpace: query.integer('min-free-space'),
        }),
      ),
    ),
  ),
]
