import type { Readable } from 'node:stream'
import type { ImageBuildRequest, Labels, Ulimit } from '../../api.ts'
import { invalid, notSupported } from '../../failures.ts'
import { type Answer, json } from '../answer.ts'
import { classicLines } from '../classic-build.ts'
import { defined } from '../query.ts'
import { parseRegistryConfig } from '../registry-auth.ts'
import { registryAuthConfig, resources } from '../requests.ts'
import { type Call, type Route, route } from '../router.ts'
import { boolean, type Fields, integer, list, map, object, string, strings } from '../shapes.ts'

const labels = map(string)
const ulimits = list(object<Ulimit>({ Name: string, Soft: integer, Hard: integer }, 'Name', 'Soft', 'Hard'))

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
  return { kind: 'lines', lines: await engine.imageBuild(request, undefined, signal), atOnce: false }
}

/** The classic builder: the context comes as a tar archive, the parameters in the query. */
async function classicBuild({ engine, query, headers, stream, signal }: Call): Promise<Answer> {
  const parsed = <T>(name: string): T | undefined => {
    const text = query.text(name)
    if (text === undefined) return undefined
    try {
      return JSON.parse(text) as T
    } catch {
      throw invalid(`invalid ${name}: ${text} is not JSON`)
    }
  }
  if (query.text('version') === '2') throw invalid('BuildKit sessions are not supported: set DOCKER_BUILDKIT=0')
  for (const [name, usual] of unsupported) {
    const value = query.text(name)
    if (value && !(usual as readonly string[]).includes(value)) throw notSupported(`${name}=${value} of a build`)
  }
  const remote = query.text('remote')
  const platform = query.text('platform')
  const hosts = query
    .all('extrahosts')
    .flatMap(text => (text.startsWith('[') ? (JSON.parse(text) as string[]) : [text]))
  const request = defined({
    ...(remote !== undefined && remote !== 'client-session' && { Context: remote }),
    Dockerfile: query.text('dockerfile'),
    Target: query.text('target'),
    BuildArgs: withoutNull(parsed<Record<string, string | null>>('buildargs')),
    Labels: parsed<Labels>('labels'),
    Tags: query.all('t'),
    NoCache: query.boolean('nocache'),
    Pull: query.boolean('pull'),
    Platforms: platform === undefined ? undefined : [platform],
    NetworkMode: query.text('networkmode'),
    ExtraHosts: hosts,
    ShmSize: query.integer('shmsize'),
    Ulimits: parsed<Ulimit[]>('ulimits'),
    CacheFrom: parsed<string[]>('cachefrom'),
    Auths: parseRegistryConfig(headers['x-registry-config']),
    Resources: defined({
      Memory: query.integer('memory'),
      MemorySwap: query.integer('memswap'),
      CpuShares: query.integer('cpushares'),
      CpuPeriod: query.integer('cpuperiod'),
      CpuQuota: query.integer('cpuquota'),
      CpusetCpus: query.text('cpusetcpus'),
      CpusetMems: query.text('cpusetmems'),
    }),
  }) as ImageBuildRequest
  const archive: Readable | undefined = request.Context === undefined ? stream : undefined
  const messages = await engine.imageBuild(request, archive, signal)
  return { kind: 'lines', lines: classicLines(messages, query.boolean('q') === true), atOnce: true }
}

/** Parameters that would change the image or how it is made, with the values that ask for what is done anyway. */
const unsupported = [
  ['squash', ['0', 'false']],
  ['securityopt', ['null', '[]']],
  ['cgroupparent', []],
  ['isolation', ['default']],
  ['outputs', ['null', '[]']],
] as const satisfies readonly (readonly [string, readonly string[]])[]

const withoutNull = (args: Record<string, string | null> | undefined): Labels | undefined =>
  args && (Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null)) as Labels)

export const buildRoutes: readonly Route[] = [
  route('POST', '/tscompose/build', build),
  route('POST', '/build', classicBuild),
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
          keepStorage: query.integer('keep-storage'),
        }),
      ),
    ),
  ),
]
