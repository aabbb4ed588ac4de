import { hexOf } from '../digest.ts'
import type { Digest } from '../image.ts'
import { type Descriptor, ociIndex } from '../manifest.ts'
import { canonicalName, familiarName, type Reference } from '../reference.ts'
import type { StoredIndex, StoredManifest } from '../stored-manifest.ts'

/** An image or an index in an archive, and the names it has there: those it was asked for by. */
export interface SavedTarget {
  readonly target: Digest
  readonly names: readonly Reference[]
}

/** What of it the store has. */
export interface Saved {
  readonly names: readonly Reference[]
  readonly index?: StoredIndex
  /** Its images, the best for this machine first. */
  readonly images: readonly StoredManifest[]
}

/** The files that tell what the blobs of an archive are, for Docker and for readers of OCI layouts. */
export function layoutFiles(saved: readonly Saved[]): readonly (readonly [name: string, content: string])[] {
  const path = (digest: Digest) => `blobs/sha256/${hexOf(digest)}`
  // Docker's own form knows no platforms: of an index its readers get the image for this machine.
  const docker = saved.flatMap(({ names, images: [first] }) => {
    if (!first) return []
    const { config, layers } = first.manifest
    return {
      Config: path(config.digest),
      RepoTags: names.length > 0 ? names.map(familiarName) : null,
      Layers: layers.map(({ digest }) => path(digest)),
    }
  })
  const manifests = saved.flatMap(({ names, index, images: [first] }): Descriptor[] => {
    const top = index ?? (first && { ...first, mediaType: first.manifest.mediaType })
    if (!top) return []
    const descriptor = { mediaType: top.mediaType, digest: top.digest, size: top.bytes.length }
    if (names.length === 0) return [descriptor]
    return names.map(name => ({
      ...descriptor,
      annotations: {
        'io.containerd.image.name': canonicalName(name),
        'org.opencontainers.image.ref.name': name.tag ?? '',
      },
    }))
  })
  return [
    ['index.json', ociIndex(manifests)],
    ['manifest.json', JSON.stringify(docker)],
    ['oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })],
  ]
}
