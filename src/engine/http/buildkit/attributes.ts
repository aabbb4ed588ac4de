import type { ImageBuildRequest, Labels, Ulimit } from '../../api.ts'
import { invalid, notSupported } from '../../failures.ts'
import { list, map, object, string } from '../shapes.ts'
import { checkSyntax, type SessionNames } from './session/build-session.ts'

/** What a build is asked for by the attributes of the Dockerfile frontend (buildkit, frontend/dockerui/config.go). */
export interface AttributeRequest {
  readonly request: ImageBuildRequest
  readonly names: SessionNames
  /** The URL of an archive that the client uploads, where that is the context. */
  readonly upload?: URL
}

export type Attributes = ReadonlyMap<string, string>

/** What changes nothing here, or is said in another way, too. */
const accepted =
  /^(?:source|cmdline|frontend\.caps|vcs:.*|local-sessionid:.*|multi-platform|build-arg:.*|label:.*|context:.*)$/

const rows: ReadonlyMap<string, (value: string) => ImageBuildRequest> = new Map(
  Object.entries({
    target: Target => ({ Target }),
    platform: platforms => ({ Platforms: platforms.split(',') }),
    'no-cache': stages => (stages === '' ? { NoCache: true } : { NoCacheFilter: stages.split(',') }),
    'image-resolve-mode': mode => ({ Pull: mode === 'pull' }),
    'force-network-mode': NetworkMode => ({ NetworkMode }),
    'add-hosts': hosts => ({ ExtraHosts: hosts.split(',') }),
    'shm-size': size => ({ ShmSize: wholeNumber('shm-size', size) }),
    ulimit: limits => ({ Ulimits: limits.split(',').map(ulimitOf) }),
    'cache-imports': entries => ({ CacheFrom: cacheImports(entries) }),
  }),
)

/** What says where files are; and what `cache-imports` has, too. */
const placed = ['filename', 'context', 'contextkey', 'contextsubdir', 'dockerfilekey', 'cache-from']

/** @throws TscomposeError ENGINE_NOT_SUPPORTED, ENGINE_REQUEST_INVALID */
export function requestOfAttributes(attributes: Attributes): AttributeRequest {
  for (const name of attributes.keys())
    if (!rows.has(name) && !placed.includes(name) && !accepted.test(name)) throw notSupported(`${name} of a build`)
  const BuildArgs = withPrefix(attributes, 'build-arg:')
  checkSyntax(BuildArgs.BUILDKIT_SYNTAX)
  const parts = [...rows].map(([name, row]) => (attributes.has(name) ? row(attributes.get(name) ?? '') : {}))
  const more: ImageBuildRequest = Object.assign({}, ...parts)
  const Contexts = withPrefix(attributes, 'context:')
  for (const [name, source] of Object.entries(Contexts)) checkContext(name, source)
  const { request, ...where } = placeOf(attributes)
  return { ...where, request: { ...request, ...more, BuildArgs, Labels: withPrefix(attributes, 'label:'), Contexts } }
}

/** Where the files and the Dockerfile are: by default in two directories of the client. */
function placeOf(attributes: Attributes): AttributeRequest {
  if (attributes.has('contextsubdir')) throw notSupported('contextsubdir of a build')
  const filename = attributes.get('filename') || 'Dockerfile'
  const local = attributes.get('dockerfilekey')
  const remote = attributes.get(attributes.get('contextkey') || 'context')
  const names = { filename, ...(local !== undefined && { dockerfile: local }) }
  if (remote === undefined)
    return { request: { Context: 'local:context' }, names: { filename, dockerfile: local ?? 'dockerfile' } }
  const upload = URL.canParse(remote) ? new URL(remote) : undefined
  if (upload?.hostname === 'buildkit-session') return { request: { Dockerfile: filename }, names, upload }
  return { request: { Context: remote, Dockerfile: filename }, names }
}

const withPrefix = (attributes: Attributes, prefix: string): Record<string, string> =>
  Object.fromEntries(
    [...attributes]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  )

/** What comes from a definition of the client's, or from its stores of content, there is no way to. */
function checkContext(name: string, source: string): void {
  if (name.includes('::')) throw notSupported(`the build context ${name} for one platform`)
  if (!/^(?:docker-image:\/\/|local:|git[:@]|ssh:|https?:)/.test(source))
    throw notSupported(`the build context ${name}=${source}`)
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw invalid(`invalid value for ${name}: "${text}" is not a whole number`)
  return Number(text)
}

/** `nofile=1024:2048` */
function ulimitOf(text: string): Ulimit {
  const [, Name = '', soft = '', hard = soft] = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? []
  if (Name === '') throw invalid(`invalid ulimit: ${text}`)
  return { Name, Soft: Number(soft), Hard: Number(hard) }
}

function cacheImports(text: string): string[] {
  let entries: unknown
  try {
    entries = JSON.parse(text)
  } catch {
    throw invalid('invalid cache-imports: not JSON')
  }
  return list(object<{ Type: string; Attrs?: Labels }>({ Type: string, Attrs: map(string) }, 'Type'))(entries, '').map(
    // The image may be here, which the fields could not say.
    ({ Type, Attrs = {} }) =>
      Type === 'registry' && Object.keys(Attrs).length === 1 && Attrs.ref
        ? Attrs.ref
        : cacheText(Type, Object.entries(Attrs)),
  )
}

/** As it is written for `--cache-from` and `--cache-to`. */
export function cacheText(type: string, attributes: Iterable<readonly [string, string]>): string {
  // Its directory is on the client's machine, whichever that is.
  if (type === 'local') throw notSupported('a build cache of type=local, but for `tscompose build`')
  const fields = [['type', type], ...attributes].map(([name, value]) => `${name}=${value}`)
  if (fields.some(field => field.includes(','))) throw invalid(`invalid build cache: ${fields.join(' ')}`)
  return fields.join(',')
}

/**
 * Frontends are programs in images that make a build out of anything; the one for Dockerfiles is built in.
 * @throws TscomposeError ENGINE_NOT_SUPPORTED
 */
export function checkFrontend(frontend: string, attributes: Attributes): void {
  const request = attributes.get('requestid')
  if (request !== undefined) throw notSupported(`the request ${request} to the frontend of a build`)
  if (frontend === 'gateway.v0') checkSyntax(attributes.get('source'))
  else if (frontend !== 'dockerfile.v0') throw notSupported(`the frontend ${frontend}: only dockerfile.v0 is`)
}
