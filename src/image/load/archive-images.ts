import { TscomposeError } from '../../errors.ts'
import { hexOf } from '../digest.ts'
import type { Digest, Platform } from '../image.ts'
import { JsonObject } from '../json.ts'
import { choosePlatform, type Descriptor, parseManifest } from '../manifest.ts'
import { parseReference, type Reference } from '../reference.ts'
import type { ArchiveFile, ArchiveFiles } from './archive-files.ts'

/** An image as an archive has it. */
export interface ArchivedImage {
  readonly names: readonly Reference[]
  readonly config: ArchiveFile
  /** Lowest first. */
  readonly layers: readonly ArchiveFile[]
  /** Absent in archives of older versions of Docker. */
  readonly manifest?: Digest
}

const INVALID = 'IMAGE_ARCHIVE_INVALID'

/**
 * The images of an archive of `docker save` (moby image/spec, manifest.json) or of an OCI image layout (image-spec
 * image-layout.md). Many archives are both; then the names are Docker's.
 * @param platform of an image for several this one is taken
 * @throws TscomposeError IMAGE_ARCHIVE_INVALID, IMAGE_PLATFORM_MISSING
 */
export async function archivedImages(files: ArchiveFiles, platform: Platform): Promise<readonly ArchivedImage[]> {
  const layout = files.has('index.json') ? await ociImages(files, platform) : []
  if (!files.has('manifest.json')) {
    if (layout.length > 0) return layout
    const older = files.has('repositories')
      ? ': one of Docker before 1.10, which has to be saved anew by a newer one'
      : ''
    throw new TscomposeError(INVALID, `the archive has neither a manifest.json nor images in an index.json${older}`)
  }
  const items = JsonObject.parseList(await files.text('manifest.json'), 'manifest.json', INVALID)
  return items.map(item => {
    const config = files.file(item.required('Config', (json, key) => json.string(key)))
    const same = layout.find(image => image.config.digest === config.digest)
    return {
      names: (item.strings('RepoTags') ?? []).map(parseReference),
      config,
      layers: (item.strings('Layers') ?? []).map(path => files.file(path)),
      ...(same?.manifest && { manifest: same.manifest }),
    }
  })
}

async function ociImages(files: ArchiveFiles, platform: Platform): Promise<readonly ArchivedImage[]> {
  const blob = ({ digest }: Descriptor) => `blobs/sha256/${hexOf(digest)}`
  const read = async (path: string) => parseManifest(await files.text(path), `${path} in the archive`)
  const index = await read('index.json')
  if (index.kind !== 'index') throw new TscomposeError(INVALID, 'index.json in the archive is no image index')
  const images: ArchivedImage[] = []
  for (let descriptor of index.manifests) {
    const names = namesOf(descriptor)
    let manifest = await read(blob(descriptor))
    if (manifest.kind === 'index') {
      descriptor = choosePlatform(manifest, platform, 'the archive')
      manifest = await read(blob(descriptor))
    }
    if (manifest.kind === 'index') throw new TscomposeError(INVALID, 'image indexes in the archive are nested too deep')
    const config = files.file(blob(manifest.config))
    const same = images.findIndex(image => image.manifest === descriptor.digest)
    const layers = manifest.layers.map(layer => files.file(blob(layer)))
    // An archive repeats the descriptor for each further name of an image.
    const before = images[same]
    if (before) images[same] = { ...before, names: [...before.names, ...names] }
    else images.push({ names, config, layers, manifest: descriptor.digest })
  }
  return images
}

/** containerd's annotation has the whole name; that of the specification often has the tag alone, which names nothing. */
function namesOf({ annotations }: Descriptor): readonly Reference[] {
  const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name'] ?? ''
  return /[:/]/.test(name) ? [parseReference(name)] : []
}
