import { isAbsolute, join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { imageName } from '../names.ts'
import type { Project, Service } from '../project.ts'
import { notSupported } from '../translate/supported.ts'

/** How the image of a service is built: `build:` of the Compose specification, with everything resolved. */
export interface ServiceBuild {
  readonly service: string
  /** A directory of this machine, or what has to be fetched: a git URL, the URL of an archive. */
  readonly context: string
  /** A path, absolute or within the context; or the text itself. */
  readonly dockerfile: { readonly path: string } | { readonly text: string }
  readonly target?: string
  readonly args: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** The name that the service uses comes first. */
  readonly tags: readonly string[]
  readonly cacheFrom: readonly string[]
  readonly cacheTo: readonly string[]
  readonly noCache: boolean
  readonly pull: boolean
  /** All that the image is to be made for; none: the machine's. */
  readonly platforms: readonly string[]
  /** That of the service's containers, if it is not the machine's. */
  readonly platform?: string
  readonly network?: string
  readonly extraHosts: readonly string[]
  /** bytes */
  readonly shmSize?: number
  readonly ulimits: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>
  readonly privileged: boolean
  readonly entitlements: readonly string[]
  /** By their ids in `RUN --mount=type=secret,id=`. */
  readonly secrets: Readonly<Record<string, { readonly file: string } | { readonly value: string }>>
  /** Sockets of agents or keys by their ids; without a path the user's own agent. */
  readonly ssh: Readonly<Record<string, string | undefined>>
  readonly contexts: Readonly<Record<string, AdditionalContext>>
}

/** `additional_contexts` */
export type AdditionalContext =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'image'; readonly reference: string }
  /** The image of another service, which has to be built first. */
  | { readonly kind: 'service'; readonly service: string }

/** Values of attributes that cannot be honoured which ask for nothing. */
const asItIs = new Set(['false', 'default'])

/**
 * @returns undefined for a service that is not built
 * @throws TscomposeError COMPOSE_NOT_SUPPORTED, COMPOSE_REFERENCE_UNDEFINED
 */
export function serviceBuild(project: Project, service: Service): ServiceBuild | undefined {
  const { build } = service
  if (!build) return undefined
  const at = `services.${service.name}.build`
  for (const key of ['isolation', 'provenance', 'sbom'])
    if (build[key] && !asItIs.has(String(build[key]))) throw notSupported(project, `${at}.${key}`)
  return {
    service: service.name,
    context: text(build.context) ?? project.workingDir,
    dockerfile: dockerfileOf(build),
    ...optional('target', text(build.target)),
    args: pairs(build.args),
    labels: pairs(build.labels),
    tags: [...new Set([imageName(project, service), ...texts(build.tags)])],
    cacheFrom: texts(build.cache_from),
    cacheTo: texts(build.cache_to),
    noCache: build.no_cache === true,
    pull: build.pull === true,
    ...platformsOf(project, service),
    ...optional('network', text(build.network)),
    extraHosts: texts(build.extra_hosts),
    ...(build.shm_size !== undefined && { shmSize: Number(build.shm_size) }),
    ulimits: ulimitsOf(build.ulimits),
    privileged: build.privileged === true,
    entitlements: texts(build.entitlements),
    secrets: secretsOf(project, build.secrets, at),
    ssh: sshOf(project, build.ssh),
    contexts: contextsOf(project, build.additional_contexts, at),
  }
}

/** The loader has seen to it that `platform` is one of `platforms`, if there are some. */
function platformsOf({ environment }: Project, service: Service): Pick<ServiceBuild, 'platforms' | 'platform'> {
  const platform = service.platform || environment.DOCKER_DEFAULT_PLATFORM || undefined
  const platforms = texts(service.build?.platforms)
  const own = platform === undefined ? [] : [platform]
  return { platforms: platforms.length > 0 ? platforms : own, ...optional('platform', platform) }
}

/**
 * Those to build, each after those whose images it is made of.
 * @throws TscomposeError COMPOSE_DEPENDENCY_CYCLE
 */
export function buildOrder(builds: readonly ServiceBuild[]): readonly ServiceBuild[] {
  const byName = new Map(builds.map(build => [build.service, build]))
  const ordered = new Set<ServiceBuild>()
  const visit = (build: ServiceBuild, above: readonly string[]): void => {
    if (above.includes(build.service)) {
      const circle = [...above.slice(above.indexOf(build.service)), build.service].join(' -> ')
      throw new TscomposeError('COMPOSE_DEPENDENCY_CYCLE', `images are built from each other in a circle: ${circle}`)
    }
    for (const context of Object.values(build.contexts)) {
      const other = context.kind === 'service' ? byName.get(context.service) : undefined
      if (other && !ordered.has(other)) visit(other, [...above, build.service])
    }
    ordered.add(build)
  }
  for (const build of builds) visit(build, [])
  return [...ordered]
}

/** The services that are built along with those that were asked for: whose images these are made of. */
export function withBuiltFrom(project: Project, services: readonly Service[]): readonly Service[] {
  const all = new Map(services.map(service => [service.name, service]))
  for (const service of all.values()) {
    for (const context of Object.values(serviceBuild(project, service)?.contexts ?? {})) {
      const other = context.kind === 'service' ? project.services[context.service] : undefined
      if (other && !all.has(other.name)) all.set(other.name, other)
    }
  }
  return [...all.values()]
}

type Raw = Readonly<Record<string, unknown>>

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter(one => typeof one === 'string') : []

const entries = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []

const pairs = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(entries(value).flatMap(([name, one]) => (one === null ? [] : [[name, String(one)]])))

const optional = <Key extends string>(key: Key, value: string | undefined): { readonly [K in Key]?: string } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: string }

const dockerfileOf = (build: Raw): ServiceBuild['dockerfile'] =>
  typeof build.dockerfile_inline === 'string'
    ? { text: build.dockerfile_inline }
    : { path: text(build.dockerfile) ?? 'Dockerfile' }

function ulimitsOf(value: unknown): ServiceBuild['ulimits'] {
  const limits = entries(value).map(([name, limit]) => {
    const { soft, hard } = typeof limit === 'object' && limit !== null ? (limit as Raw) : { soft: limit, hard: limit }
    return [name, { soft: Number(soft), hard: Number(hard) }] as const
  })
  return Object.fromEntries(limits)
}

function secretsOf(project: Project, value: unknown, at: string): ServiceBuild['secrets'] {
  const grants = (Array.isArray(value) ? value : []) as readonly (Raw | string)[]
  return Object.fromEntries(
    grants.map((grant, index) => {
      const source = typeof grant === 'string' ? grant : String(grant.source)
      const id = (typeof grant === 'string' ? undefined : text(grant.target)) ?? source
      const secret = project.secrets[source]
      if (secret?.file !== undefined) return [id, { file: secret.file }]
      if (secret?.environment !== undefined) return [id, { value: project.environment[secret.environment] ?? '' }]
      if (secret?.content !== undefined) return [id, { value: secret.content }]
      const where = project.origins.get(`${at}.secrets.${index}`)
      throw new TscomposeError('COMPOSE_REFERENCE_UNDEFINED', `build secret ${source} is nowhere defined`, {
        ...(where && { where }),
      })
    }),
  )
}

/** `default`, `id=path`, or a mapping of the same. */
function sshOf(project: Project, value: unknown): ServiceBuild['ssh'] {
  const list = Array.isArray(value) ? texts(value) : entries(value).map(([id, path]) => (path ? `${id}=${path}` : id))
  return Object.fromEntries(
    list.map(one => {
      const [, id = one, path] = /^([^=]*)=(.*)$/s.exec(one) ?? []
      const resolved = path === undefined || path === '' || isAbsolute(path) ? path : join(project.workingDir, path)
      return [id, resolved || project.environment.SSH_AUTH_SOCK]
    }),
  )
}

function contextsOf(project: Project, value: unknown, at: string): ServiceBuild['contexts'] {
  return Object.fromEntries(
    Object.entries(pairs(value)).map(([name, source]): [string, AdditionalContext] => {
      const [, scheme = '', rest = ''] = /^(service:|docker-image:\/\/)(.*)$/s.exec(source) ?? []
      if (scheme === 'docker-image://') return [name, { kind: 'image', reference: rest }]
      if (scheme !== 'service:') return [name, { kind: 'path', path: source }]
      if (!project.services[rest]?.build && !project.disabledServices[rest]?.build) {
        const where = project.origins.get(`${at}.additional_contexts.${name}`)
        throw new TscomposeError(
          'COMPOSE_REFERENCE_UNDEFINED',
          `additional context ${name}: service "${rest}" has no build of its own`,
          { ...(where && { where }) },
        )
      }
      return [name, { kind: 'service', service: rest }]
    }),
  )
}
