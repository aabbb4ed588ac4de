import { gzipSync } from 'node:zlib'
import type { Digest } from '../../src/image/image.ts'
import { file, type Item, symlink, tar } from './tar-builder.ts'
import { sha256 } from './unpack-fixture.ts'

/** An image made in memory. */
export interface BuiltImage {
  readonly id: Digest
  readonly manifest: Digest
  readonly diffIds: readonly Digest[]
  /** Digests of the layers as they are sent. */
  readonly layers: readonly Digest[]
  readonly blobs: ReadonlyMap<Digest, Buffer>
}

export interface ImageOptions {
  readonly config?: object
  readonly architecture?: string
  readonly os?: string
  readonly created?: string
  readonly compress?: (layer: Buffer) => Buffer
  /** Fields of the manifest that are other than they should be. */
  readonly manifest?: object
}

const architecture = process.arch === 'x64' ? 'amd64' : process.arch

export function buildImage(layers: readonly (readonly Item[] | Buffer)[], options: ImageOptions = {}): BuiltImage {
  const { compress = gzipSync } = options
  const tars = layers.map(layer => (Buffer.isBuffer(layer) ? layer : tar(...layer)))
  const sent = tars.map(layer => compress(layer))
  const diffIds = tars.map(sha256)
  const config = json({
    architecture: options.architecture ?? architecture,
    os: options.os ?? 'linux',
    created: options.created ?? '2024-05-06T07:08:09Z',
    config: options.config ?? { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
  })
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
    layers: sent.map(layer => descriptor(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')),
    ...options.manifest,
  })
  const blobs = new Map([config, manifest, ...sent].map(blob => [sha256(blob), blob]))
  return { id: sha256(config), manifest: sha256(manifest), diffIds, layers: sent.map(sha256), blobs }
}

/** An index over images of several platforms. */
export function buildIndex(entries: readonly { image: BuiltImage; architecture: string; variant?: string }[]): Buffer {
  const manifests = entries.map(({ image, ...platform }) => ({
    ...descriptor(image.blobs.get(image.manifest) ?? Buffer.alloc(0), 'application/vnd.oci.image.manifest.v1+json'),
    platform: { os: 'linux', ...platform },
  }))
  return json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests })
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

export const descriptor = (blob: Buffer, mediaType: string) => ({ mediaType, digest: sha256(blob), size: blob.length })

const hex = (digest: Digest): string => digest.slice(7)
const blob = (image: BuiltImage, digest: Digest): Buffer => image.blobs.get(digest) ?? Buffer.alloc(0)

/** As `docker save` wrote it up to version 24: a directory per layer, uncompressed, the manifest at the end. */
export function legacyArchive(image: BuiltImage, tags: readonly string[], layers: readonly Buffer[]): Buffer {
  const directories = image.diffIds.map(hex)
  return tar(
    ...layers.flatMap((layer, i) => [
      file(`${directories[i]}/VERSION`, '1.0'),
      file(`${directories[i]}/json`, '{}'),
      file(`${directories[i]}/layer.tar`, layer),
    ]),
    file(`${hex(image.id)}.json`, blob(image, image.id)),
    file('repositories', '{}'),
    // a layer that is there already may be a link to it
    symlink('again/layer.tar', `../${directories[0]}/layer.tar`),
    file(
      'manifest.json',
      json([
        {
          Config: `${hex(image.id)}.json`,
          RepoTags: tags,
          Layers: directories.map((d, i) => (i === 0 ? 'again/layer.tar' : `${d}/layer.tar`)),
        },
      ]),
    ),
  )
}

/** An OCI image layout. @param names the value of an annotation for each, or none */
export function layoutArchive(image: BuiltImage, annotations: readonly Readonly<Record<string, string>>[]): Buffer {
  const manifests = annotations.map(annotations => ({
    ...descriptor(blob(image, image.manifest), 'application/vnd.oci.image.manifest.v1+json'),
    annotations,
  }))
  return tar(
    ...[...image.blobs].map(([digest, bytes]) => file(`blobs/sha256/${hex(digest)}`, bytes)),
    file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    file('index.json', json({ schemaVersion: 2, manifests })),
  )
}
