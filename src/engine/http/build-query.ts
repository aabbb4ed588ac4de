import type { IncomingHttpHeaders } from 'node:http'
import type { ImageBuildRequest, Labels } from '../api.ts'
import { invalid, notSupported } from '../failures.ts'
import { ulimits } from './host-config.ts'
import { defined, type Query } from './query.ts'
import { parseRegistryConfig } from './registry-auth.ts'
import { map, nullable, type Parser, string, strings } from './shapes.ts'

/**
 * What `POST /build` is asked for in its query, but for where the files are.
 * @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_NOT_SUPPORTED
 */
export function buildQuery(query: Query, headers: IncomingHttpHeaders): ImageBuildRequest {
  for (const [name, usual] of unsupported) {
    const value = query.text(name)
    if (value && !(usual as readonly string[]).includes(value)) throw notSupported(`${name}=${value} of a build`)
  }
  const hosts = query
    .all('extrahosts')
    .flatMap(text => (text.startsWith('[') ? parsed(text, 'extrahosts', strings) : [text]))
  const platform = query.text('platform')
  return defined({
    Dockerfile: query.text('dockerfile'),
    Target: query.text('target'),
    BuildArgs: withoutNull(jsonOf(query, 'buildargs', map(nullable(string)))),
    Labels: jsonOf(query, 'labels', map(string)),
    Tags: query.all('t'),
    NoCache: query.boolean('nocache'),
    Pull: query.boolean('pull'),
    Platforms: platform === undefined ? undefined : [platform],
    NetworkMode: query.text('networkmode'),
    ExtraHosts: hosts,
    ShmSize: query.integer('shmsize'),
    Ulimits: jsonOf(query, 'ulimits', ulimits),
    CacheFrom: jsonOf(query, 'cachefrom', strings),
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
}

/** null is as good as nothing. @throws TscomposeError ENGINE_REQUEST_INVALID */
export function jsonOf<T>(query: Query, name: string, parse: Parser<T>): T | undefined {
  const text = query.text(name)
  return text === undefined ? undefined : (parsed(text, name, nullable(parse)) ?? undefined)
}

function parsed<T>(text: string, name: string, parse: Parser<T>): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid(`invalid ${name}: ${text} is not JSON`)
  }
  return parse(value, name)
}

/** Parameters that would change the image or how it is made, with the values that ask for what is done anyway. */
const unsupported = [
  ['squash', ['0', 'false']],
  ['securityopt', ['null', '[]']],
  ['cgroupparent', []],
  ['isolation', ['default']],
] as const satisfies readonly (readonly [string, readonly string[]])[]

const withoutNull = (args: Record<string, string | null> | undefined): Labels | undefined =>
  args && (Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null)) as Labels)
