import type { Engine } from '../engine/api.ts'
import { TscomposeError } from '../errors.ts'
import { compareText } from './load/plain.ts'
import { isRootfsImage } from './names.ts'

/** So many registries are asked at once. */
const AT_ONCE = 10

/**
 * The names of images with the digests that their registries have for them now, as `config --resolve-image-digests`
 * prints them: `docker.io/library/nginx:alpine@sha256:...`. A directory as an image (`rootfs:PATH`) has none.
 * @throws TscomposeError REGISTRY_*, IMAGE_REFERENCE_INVALID, OFFLINE
 */
export async function imageDigests(
  engine: Engine,
  images: Iterable<string>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { loginFor, pinned } = await import('../engine/client/registries.ts')
  const names = [...new Set(images)].filter(image => !isRootfsImage(image))
  const found = new Map<string, string>()
  const queue = names.values()
  const work = async () => {
    for (const image of queue) {
      const digest = async () => {
        const login = await loginFor(image, signal)
        const { Descriptor } = await engine.distributionInspect(image, login, signal).catch(cause => {
          throw unresolved(image, cause)
        })
        return Descriptor.digest
      }
      found.set(image, await pinned(image, digest))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return found
}

function unresolved(image: string, cause: unknown): unknown {
  if (!(cause instanceof TscomposeError)) return cause
  const { code, message, fix } = cause
  return new TscomposeError(code, `failed to resolve digest for ${image}: ${message}`, { cause, ...(fix && { fix }) })
}

/** As much of a model, interpolated or not, as digests are about. */
export interface Model {
  readonly services?: Readonly<Record<string, { readonly image?: unknown }>>
}

/** The images that the services of a model name. */
export const imagesIn = ({ services = {} }: Model): string[] =>
  Object.values(services).flatMap(({ image }) => (typeof image === 'string' && image !== '' ? [image] : []))

/** A model with other names for its images. */
export function withImages<M extends Model>(model: M, names: ReadonlyMap<string, string>): M {
  const services = Object.entries(model.services ?? {}).map(([name, service]) => {
    const image = names.get(String(service.image))
    return [name, image === undefined ? service : { ...service, image }]
  })
  return { ...model, services: Object.fromEntries(services) }
}

/** Nothing but the images: an override file that pins what another one names (`config --lock-image-digests`). */
export function imagesOnly({ services = {} }: Model): Model {
  const locked = Object.entries(services)
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, { image }]) => [name, image === undefined ? {} : { image }])
  return { services: Object.fromEntries(locked) }
}
