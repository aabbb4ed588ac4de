import { TscomposeError } from '../errors.ts'
import { isDigest } from './digest.ts'
import type { Digest, Platform } from './image.ts'
import { defined, JsonObject } from './json.ts'

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const

/** OCI image-spec descriptor.md */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** bytes */
  readonly size: number
  readonly platform?: Platform
  /** Where it may be had from if the registry has it not. */
  readonly urls?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** An image for one platform: OCI image-spec manifest.md, or Docker's schema 2, which is the same. */
export interface Manifest {
  readonly kind: 'manifest'
  readonly mediaType: string
  readonly config: Descriptor
  /** Lowest first. */
  readonly layers: readonly Descriptor[]
}

/** One image for several platforms: image-spec image-index.md, or Docker's manifest list. */
export interface Index {
  readonly kind: 'index'
  readonly mediaType: string
  readonly manifests: readonly Descriptor[]
}

/** @throws TscomposeError IMAGE_MANIFEST_INVALID */
export function parseManifest(text: string | Buffer, what = 'image manifest'): Manifest | Index {
  const json = JsonObject.parse(text, what, 'IMAGE_MANIFEST_INVALID')
  const version = json.number('schemaVersion')
  if (version === 1) throw json.invalid('schema 1 is not supported; the image has to be pushed anew by a newer tool')
  const manifests = json.objects('manifests')
  const mediaType = json.string('mediaType') || (manifests ? mediaTypes.ociIndex : mediaTypes.ociManifest)
  if (manifests) return { kind: 'index', mediaType, manifests: manifests.map(descriptor) }
  const artifact = json.string('artifactType')
  if (artifact && !json.has('config')) throw json.invalid(`not a container image but ${artifact}`)
  return {
    kind: 'manifest',
    mediaType,
    config: descriptor(json.required('config', (json, key) => json.object(key))),
    layers: json.required('layers', (json, key) => json.objects(key)).map(descriptor),
  }
}

/** A manifest for an image that has none, or none that fits how its layers are stored. */
export const ociManifest = (
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  layers: readonly Pick<Descriptor, 'digest' | 'size' | 'mediaType'>[],
): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest, size },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType: ociLayerType(mediaType), digest, size })),
  })

/** Docker's name for a layer is another one than the specification's. */
const ociLayerType = (mediaType: string): string =>
  mediaTypes.ociLayer + (/[.+](gzip|zstd)$/.exec(mediaType)?.[1]?.replace(/^/, '+') ?? '')

function descriptor(json: JsonObject): Descriptor {
  const digest = json.required('digest', (json, key) => json.string(key))
  if (!isDigest(digest)) throw json.invalid(`digest: not a sha256 digest: "${digest}"`)
  const size = json.required('size', (json, key) => json.number(key))
  if (!Number.isSafeInteger(size) || size < 0) throw json.invalid(`size: not a number of bytes: ${size}`)
  const platform = json.object('platform')
  return {
    mediaType: json.string('mediaType') ?? '',
    digest,
    size,
    ...defined({
      platform: platform && {
        os: platform.string('os') ?? '',
        architecture: platform.string('architecture') ?? '',
        ...defined({ variant: platform.string('variant') }),
      },
      urls: json.strings('urls'),
      annotations: json.stringMap('annotations'),
    }),
  }
}

/** Whether a layer stays where its maker has it: it is not for others to give away (image-spec layer.md). */
export const isForeign = ({ mediaType }: Pick<Descriptor, 'mediaType'>): boolean =>
  /\.foreign\.|\.nondistributable\./.test(mediaType)

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
 * The manifest of an index for a platform: the very variant if there is one, else what runs there, too.
 * @throws TscomposeError IMAGE_PLATFORM_MISSING naming what there is
 */
export function choosePlatform({ manifests }: Index, wanted: Platform, what: string): Descriptor {
  const images = manifests.filter(({ annotations }) => annotations?.['vnd.docker.reference.type'] === undefined)
  const runnable = runnableOn(wanted)
  const rank = ({ platform }: Descriptor): number =>
    platform === undefined ? runnable.length : platform.os === wanted.os ? runnable.indexOf(keyOf(platform)) : -1
  const [chosen] = images.filter(image => rank(image) >= 0).sort((a, b) => rank(a) - rank(b))
  if (chosen) return chosen
  const offered = images.flatMap(({ platform }) => (platform ? [platformName(platform)] : []))
  throw new TscomposeError(
    'IMAGE_PLATFORM_MISSING',
    `no matching manifest for ${platformName(wanted)} in the manifest list entries of ${what}`,
    { fix: `It is made for ${offered.join(', ') || 'no platform at all'}.` },
  )
}
