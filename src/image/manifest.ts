import { TscomposeError } from '../errors.ts'
import { isDigest } from './digest.ts'
import type { Digest, Platform } from './image.ts'
import { defined, JsonObject } from './json.ts'
import { platformName, suitability } from './platform.ts'

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const

export type Annotations = Readonly<Record<string, string>>

/** OCI image-spec descriptor.md */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** bytes */
  readonly size: number
  readonly platform?: Platform
  /** Where it may be had from if the registry has it not. */
  readonly urls?: readonly string[]
  readonly annotations?: Annotations
}

/** An image for one platform: OCI image-spec manifest.md, or Docker's schema 2, which is the same. */
export interface Manifest {
  readonly kind: 'manifest'
  readonly mediaType: string
  readonly config: Descriptor
  /** Lowest first. */
  readonly layers: readonly Descriptor[]
  readonly annotations?: Annotations
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
    ...defined({ annotations: json.stringMap('annotations') }),
  }
}

/** A manifest for an image that has none, or none that fits how its layers are stored. */
export const ociManifest = (
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  layers: readonly Pick<Descriptor, 'digest' | 'size' | 'mediaType'>[],
  annotations: Annotations = {},
): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest, size },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType: ociLayerType(mediaType), digest, size })),
    ...filled(annotations),
  })

/** An index over manifests. */
export const ociIndex = (manifests: readonly Descriptor[], annotations: Annotations = {}): string =>
  JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, ...filled(annotations) })

const filled = (annotations: Annotations) => (Object.keys(annotations).length > 0 ? { annotations } : {})

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

/** Whether a manifest in an index is that of an image, not of what BuildKit says about one. */
export const isImage = ({ annotations }: Descriptor): boolean =>
  annotations?.['vnd.docker.reference.type'] === undefined

/**
 * The manifest of an index for a platform: the very variant if there is one, else what runs there, too.
 * @throws TscomposeError IMAGE_PLATFORM_MISSING naming what there is
 */
export function choosePlatform({ manifests }: Index, wanted: Platform, what: string): Descriptor {
  const images = manifests.filter(isImage)
  const rank = suitability(wanted)
  const [chosen] = images
    .filter(({ platform }) => rank(platform) !== undefined)
    .sort((a, b) => (rank(a.platform) ?? 0) - (rank(b.platform) ?? 0))
  if (chosen) return chosen
  const offered = images.flatMap(({ platform }) => (platform ? [platformName(platform)] : []))
  throw new TscomposeError(
    'IMAGE_PLATFORM_MISSING',
    `no matching manifest for ${platformName(wanted)} in the manifest list entries of ${what}`,
    { fix: `It is made for ${offered.join(', ') || 'no platform at all'}.` },
  )
}
