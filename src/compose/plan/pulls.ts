import { TscomposeError } from '../../errors.ts'
import { imageKey, imageName, imageNames, isRootfsImage } from '../names.ts'
import type { Project, Service } from '../project.ts'
import { PlanBuilder } from './builder.ts'
import type { ObservedImage } from './observed.ts'
import type { Plan } from './plan.ts'

export interface PullOptions {
  /** Instead of the services' own `pull_policy`. */
  readonly policy?: 'always' | 'missing' | 'never'
  /** `pull`: services that can be built are left to `build`, and a failure of theirs is a warning. */
  readonly command: 'up' | 'pull'
  readonly ignoreFailures?: boolean
  readonly ignoreBuildable?: boolean
  /** Milliseconds since the epoch, for policies with an age. */
  readonly now: number
}

/**
 * Whether a service that could be built is to be fetched, since it has a policy that says so; what cannot be fetched is
 * built, then.
 */
export function isPulledFirst({ build, image, pullPolicy }: Service, policy: PullOptions['policy']): boolean {
  const wanted: string | undefined = policy ?? pullPolicy
  return build !== undefined && image !== undefined && !['never', 'build', undefined].includes(wanted)
}

/** The images to fetch before anything else is done: each once for each platform, whoever uses it. */
export function planPulls(
  project: Project,
  services: readonly Service[],
  images: Readonly<Record<string, ObservedImage>>,
  options: PullOptions,
): Plan {
  const plan = new PlanBuilder()
  const wanted = new Map<string, { image: string; why: string; services: string[]; required: boolean }>()
  const want = (service: Service, image: string, why: string | undefined) => {
    if (why === undefined) return
    const key = imageKey(image, service)
    const entry = wanted.get(key) ?? { image, why, services: [], required: false }
    entry.services.push(service.name)
    entry.required ||= !options.ignoreFailures && !(options.command === 'pull' && service.build !== undefined)
    wanted.set(key, entry)
  }
  for (const service of services) {
    const own = imageName(project, service)
    want(service, own, reasonToPull(project, service, images[imageKey(own, service)], options))
    for (const image of imageNames(project, service))
      if (image !== own && !images[imageKey(image, service)] && !isRootfsImage(image))
        want(service, image, mounted(service, image) ? 'it is mounted' : 'a pre_start hook runs in it')
  }
  for (const { image, why, services, required } of wanted.values()) {
    const platform = project.services[services[0] as string]?.platform
    plan.add({ op: 'pullImage', image, services, required, ...(platform !== undefined && { platform }) }, why)
  }
  return plan.build()
}

const mounted = ({ volumes }: Service, image: string): boolean =>
  volumes.some(({ type, source }) => type === 'image' && source === image)

/** Why `pull` leaves a service alone, in docker compose's words; undefined: it does not. */
export function whyNotPulled(
  { image, pullPolicy, build }: Service,
  isHere: boolean,
  { policy, ignoreBuildable }: PullOptions,
): string | undefined {
  const wanted: string | undefined = policy ?? pullPolicy
  if (image === undefined) return 'No image to be pulled'
  if (wanted === 'never' || wanted === 'build') return 'Skipped'
  // What `latest` stands for may have changed any time.
  const isLatest = /(?:^|\/)[^/:@]+(?::latest)?$/.test(image)
  if (wanted === 'missing' && isHere && !isLatest) return 'Image is already present locally'
  return build && ignoreBuildable ? 'Image can be built' : undefined
}

/** Why a service's image has to be fetched; undefined: it is good as it is. */
function reasonToPull(
  project: Project,
  service: Service,
  image: ObservedImage | undefined,
  options: PullOptions,
): string | undefined {
  const name = imageName(project, service)
  if (isRootfsImage(name)) return undefined
  const policy = options.policy ?? service.pullPolicy ?? (service.build ? 'build' : 'missing')
  if (options.command === 'pull')
    return whyNotPulled(service, image !== undefined, options) === undefined ? 'a pull was asked for' : undefined
  if (service.build && (policy === 'build' || service.image === undefined)) {
    if (image) return undefined
    const where = project.origins.get(`services.${service.name}.build`)
    throw new TscomposeError('COMPOSE_IMAGE_MISSING', `service "${service.name}": image "${name}" has not been built`, {
      ...(where && { where }),
      fix: 'Build it with `tscompose build`, or leave out --no-build.',
    })
  }
  if (policy === 'always') return `pull_policy is "always"`
  if (!image) {
    if (policy !== 'never') return 'it is not here'
    const where = project.origins.get(`services.${service.name}.image`)
    throw new TscomposeError('COMPOSE_IMAGE_MISSING', `service "${service.name}": image "${name}" is not here`, {
      ...(where && { where }),
      fix: 'It is not fetched, because its pull policy is "never".',
    })
  }
  const age = maximalAge(policy, service)
  const isOld = age !== undefined && options.now - Date.parse(image.taggedAt ?? '') > age
  return isOld ? `pull_policy is "${policy}", and it is older` : undefined
}

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** Milliseconds after which a policy asks for a newer image: `daily`, `weekly`, `every_12h`, `refresh`. */
function maximalAge(policy: string, { canonical }: Service): number | undefined {
  if (policy === 'daily') return unitMs.d
  if (policy === 'weekly') return unitMs.w
  const text = policy === 'refresh' ? canonical.pull_refresh_after : /^every_(.*)$/.exec(policy)?.[1]
  if (typeof text !== 'string') return undefined
  const parts = text.matchAll(/(\d+(?:\.\d+)?)([smhdw])/g)
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * unitMs[unit as keyof typeof unitMs], 0)
}
