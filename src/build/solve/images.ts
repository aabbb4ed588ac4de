import { TscomposeError } from '../../errors.ts'
import type { Image, ImageProgress, Platform } from '../../image/image.ts'
import { hostPlatform } from '../../image/platform.ts'
import { canonicalName, parseReference } from '../../image/reference.ts'
import type { Step } from '../progress.ts'
import type { Build } from './build.ts'

/**
 * An image that a Dockerfile names: the one that is here, or that of a registry. Its layers stay until the build ends.
 * @param platform empty: whatever is here, or this machine's
 * @throws TscomposeError BUILD_BASE_INVALID, REGISTRY_*, IMAGE_*
 */
export async function resolveImage(build: Build, reference: string, platform: string): Promise<Image> {
  const { around, plan, lease, progress } = build
  const wanted = platform === '' ? undefined : parsePlatform(platform)
  const here = plan.request.pull ? undefined : await around.images.find(reference, wanted)
  if (here) {
    await lease.hold(here.layers)
    const still = await around.images.find(here.id)
    if (still) return still
  }
  const parsed = parseReference(reference)
  const name = canonicalName(parsed)
  const auth = await plan.request.logins.get(parsed.domain)
  const image = await progress.during(`[internal] load metadata for ${name}`, step =>
    around.images.pull(
      reference,
      { platform: wanted ?? hostPlatform, ...(auth && { auth }), onProgress: line => tellPull(step, line) },
      build.signal,
    ),
  )
  await lease.hold(image.layers)
  return image
}

function tellPull(step: Step, { id, status, progressDetail }: ImageProgress): void {
  const { current, total } = progressDetail ?? {}
  if (id === undefined || current === undefined || !total) return
  step.transfer(`${id} ${status}`, current, total)
}

/** `linux/arm64/v8`. @throws TscomposeError BUILD_PLATFORM_INVALID */
export function parsePlatform(text: string): Platform {
  const [os = '', architecture = '', variant, ...more] = text.split('/')
  if (os !== 'linux' || architecture === '' || more.length > 0)
    throw new TscomposeError('BUILD_PLATFORM_INVALID', `"${text}" is not a platform that can be built for`, {
      fix: 'Only linux/ARCHITECTURE can.',
    })
  return { os, architecture, ...(variant && { variant }) }
}
