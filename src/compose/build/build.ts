import type { BuildMessage, Engine, ImageBuildRequest } from '../../engine/api.ts'
import { proxyVariables } from '../../engine/client/proxies.ts'
import { TscomposeError } from '../../errors.ts'
import { label } from '../labels.ts'
import { imageKey, imageName } from '../names.ts'
import type { Project, Service } from '../project.ts'
import type { Timed } from '../timings/timings.ts'
import { absoluteCache } from './cache-spec.ts'
import { buildOrder, type ServiceBuild, serviceBuild, withBuiltFrom } from './service-build.ts'

/** What a command line says about all builds. */
export interface BuildOptions {
  readonly noCache: boolean
  readonly pull: boolean
  /** `--build-arg`; these go before those of the file. */
  readonly args: Readonly<Record<string, string>>
  readonly ssh: Readonly<Record<string, string | undefined>>
  /** The Dockerfiles are only checked. */
  readonly check: boolean
  /** Those of the file, too, that the containers here do not run on. */
  readonly allPlatforms: boolean
  /** bytes */
  readonly memory?: number
}

export const buildDefaults: BuildOptions = {
  noCache: false,
  pull: false,
  args: {},
  ssh: {},
  check: false,
  allPlatforms: false,
}

/** Something happens in the build of a service. */
export type OnBuild = (service: string, message: BuildMessage) => void

/**
 * Builds the images of services, side by side where none is made of another. Images that these are made of are built,
 * too.
 * @throws TscomposeError BUILD_*; the first failure ends all builds
 */
export async function buildServices(
  engine: Engine,
  project: Project,
  services: readonly Service[],
  options: BuildOptions,
  tell: OnBuild,
  signal: AbortSignal,
  timed: Timed = (_, act) => act(),
): Promise<void> {
  const all = withBuiltFrom(project, services).flatMap(service => serviceBuild(project, service) ?? [])
  const ordered = buildOrder(all)
  const failed = new AbortController()
  const until = AbortSignal.any([signal, failed.signal])
  const done = new Map<string, Promise<void>>()
  for (const build of ordered) {
    const before = Object.values(build.contexts).flatMap(one => (one.kind === 'service' ? [one.service] : []))
    const run = async () => {
      await Promise.all(before.map(name => done.get(name)))
      until.throwIfAborted()
      await timed(build.service, async () => {
        const messages = await engine.imageBuild(buildRequest(project, build, options), {}, until)
        for await (const message of messages) tell(build.service, message)
      })
    }
    done.set(
      build.service,
      run().catch(error => failed.abort(inBuild(error, build.service, project))),
    )
  }
  await Promise.all(done.values())
  until.throwIfAborted()
}

/** A mistake within a Dockerfile has its place there; any other is one of the service's `build` section. */
function inBuild(error: unknown, service: string, { origins }: Project): unknown {
  if (!(error instanceof TscomposeError) || error.where || !error.code.startsWith('BUILD_')) return error
  const { code, message, fix } = error
  const where = origins.get(`services.${service}.build`)
  return new TscomposeError(code, `service "${service}": ${message}`, {
    ...(where && { where }),
    ...(fix !== undefined && { fix }),
    cause: error,
  })
}

/** What the engine is asked for. */
export function buildRequest(project: Project, build: ServiceBuild, options: BuildOptions): ImageBuildRequest {
  const { dockerfile, target, network, shmSize } = build
  const ssh = { ...build.ssh, ...options.ssh }
  const directory = project.workingDir
  return {
    Context: build.context,
    ...('text' in dockerfile ? { DockerfileInline: dockerfile.text } : { Dockerfile: dockerfile.path }),
    ...(target !== undefined && { Target: target }),
    BuildArgs: { ...proxyVariables(), ...build.args, ...options.args },
    Labels: { ...build.labels, [label.project]: project.name, [label.service]: build.service },
    Tags: [...build.tags],
    NoCache: options.noCache || build.noCache,
    Pull: options.pull || build.pull,
    Platforms: options.allPlatforms ? [...build.platforms] : build.platform === undefined ? [] : [build.platform],
    Contexts: Object.fromEntries(
      Object.entries(build.contexts).map(([name, context]) => [name, contextText(project, context)]),
    ),
    Secrets: Object.fromEntries(
      Object.entries(build.secrets).map(([id, secret]) => [
        id,
        'file' in secret ? { File: secret.file } : { Value: Buffer.from(secret.value).toString('base64') },
      ]),
    ),
    SSH: Object.fromEntries(Object.entries(ssh).map(([id, socket]) => [id, socket ?? noAgent(id)])),
    ...(network !== undefined && { NetworkMode: network }),
    ExtraHosts: [...build.extraHosts],
    ...(shmSize !== undefined && { ShmSize: shmSize }),
    Ulimits: Object.entries(build.ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
    ...(options.memory !== undefined && { Resources: { Memory: options.memory } }),
    Entitlements: [...build.entitlements],
    Privileged: build.privileged,
    ...(build.cacheFrom.length > 0 && { CacheFrom: build.cacheFrom.map(text => absoluteCache(text, directory)) }),
    ...(build.cacheTo.length > 0 && { CacheTo: build.cacheTo.map(text => absoluteCache(text, directory)) }),
    ...(options.check && { Check: true }),
  }
}

function contextText(project: Project, context: ServiceBuild['contexts'][string]): string {
  if (context.kind === 'path') return context.path
  if (context.kind === 'image') return `docker-image://${context.reference}`
  const service = project.services[context.service] ?? project.disabledServices[context.service]
  if (!service) throw new TypeError(`no service ${context.service}`) // service-build.ts has looked
  return `docker-image://${imageName(project, service)}`
}

function noAgent(id: string): never {
  throw new TscomposeError(
    'COMPOSE_VALUE_INVALID',
    `ssh key "${id}": there is no SSH agent: SSH_AUTH_SOCK is not set`,
    {
      fix: 'start one with ssh-agent, or give the path of a socket: ssh: [ID=PATH]',
    },
  )
}

/** Which images have to be built before containers can be made of them. */
export function servicesToBuild(
  project: Project,
  services: readonly Service[],
  hasImage: (key: string) => boolean,
  when: 'always' | 'missing' | 'never',
): readonly Service[] {
  if (when === 'never') return []
  return services.filter(service => {
    if (!service.build) return false
    if (when === 'always' || service.pullPolicy === 'build') return true
    return !hasImage(imageKey(imageName(project, service), service))
  })
}
