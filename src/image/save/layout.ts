import { hexOf } from '../digest.ts'
import type { Digest } from '../image.ts'
import { mediaTypes } from '../manifest.ts'
import { canonicalName, familiarName, type Reference } from '../reference.ts'
import type { StoredManifest } from '../stored-manifest.ts'

/** An image in an archive, and the names it has there: those it was asked for by. */
export interface SavedImage {
  readonly id: Digest
  readonly names: readonly Reference[]
}

/** The files that tell what the blobs of an archive are, for Docker and for readers of OCI layouts. */
export function layoutFiles(
  saved: readonly { readonly image: SavedImage; readonly stored: StoredManifest }[],
): readonly (readonly [name: string, content: string])[] {
  const path = (digest: Digest) => `blobs/sha256/${hexOf(digest)}`
  const docker = saved.map(({ image, stored: { manifest } }) => ({
    Config: path(manifest.config.digest),
    RepoTags: image.names.length > 0 ? image.names.map(familiarName) : null,
    Layers: manifest.layers.map(({ digest }) => path(digest)),
  }))
  const manifests = saved.flatMap(({ image: { names }, stored: { manifest, bytes, digest } }) => {
    const descriptor = { mediaType: manifest.mediaType, digest, size: bytes.length }
    if (names.length === 0) return [descriptor]
    return names.map(name => ({
      ...descriptor,
      annotations: {
        'io.containerd.image.name': canonicalName(name),
        'org.opencontainers.image.ref.name': name.tag,
      },
    }))
  })
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
  return [
    ['index.json', JSON.stringify(index)],
    ['manifest.json', JSON.stringify(docker)],
    ['oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })],
  ]
}
