import type { Platform } from './image.ts'

/** The architecture of this machine by Go's name for it, as images have it. */
export const hostPlatform: Platform = {
  os: 'linux',
  architecture: ({ x64: 'amd64', ia32: '386' } as Record<string, string>)[process.arch] ?? process.arch,
}

/** Variants as containerd normalises them: arm64 is v8, arm is v7, unless they say otherwise. */
const variantOf = ({ architecture, variant }: Platform): string =>
  variant || (architecture === 'arm64' ? 'v8' : architecture === 'arm' ? 'v7' : '')

export const platformName = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, variant].filter(Boolean).join('/')

/** Whether an image may be taken for one of a platform: an older variant may, too. */
export const isPlatform = (wanted: Platform, offered: Platform): boolean =>
  offered.os === wanted.os &&
  offered.architecture === wanted.architecture &&
  (!wanted.variant || variantNumber(offered) <= variantNumber(wanted))

const variantNumber = (platform: Platform): number => Number(/^v(\d+)$/.exec(variantOf(platform))?.[1] ?? 1)

/**
 * What runs on a platform, the best first (containerd, platforms.Only): older variants of the architecture, then the
 * architecture with half the bits.
 */
function runnableOn(platform: Platform): readonly string[] {
  const { architecture } = platform
  const down = (name: string, from: number, to: number) =>
    Array.from({ length: Math.max(0, from - to + 1) }, (_, index) => `${name}/v${from - index}`)
  const number = variantNumber(platform)
  if (architecture === 'amd64') return [...down('amd64', number, 1), '386']
  if (architecture === 'arm64') return [...down('arm64', number, 8), ...down('arm', 8, 5)]
  if (architecture === 'arm') return down('arm', number, 5)
  return [keyOf(platform)]
}

function keyOf(platform: Platform): string {
  const variant = variantOf(platform) || (platform.architecture === 'amd64' ? 'v1' : '')
  return [platform.architecture, variant].filter(Boolean).join('/')
}

/**
 * How well what is made for a platform does on another one: 0 is best; undefined, not at all. What is made for nobody
 * knows which does if nothing else is there.
 */
export function suitability(wanted: Platform): (offered: Platform | undefined) => number | undefined {
  const runnable = runnableOn(wanted)
  return offered => {
    if (offered === undefined) return runnable.length
    const rank = offered.os === wanted.os ? runnable.indexOf(keyOf(offered)) : -1
    return rank < 0 ? undefined : rank
  }
}
