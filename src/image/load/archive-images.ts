import { TscomposeError } from '../../errors.ts'
import type { ArrivedIndex } from '../arrivals.ts'
import { hexOf } from '../digest.ts'
import type { Digest, Platform } from '../image.ts'
import { JsonObject } from '../json.ts'
import { choosePlatform, type Descriptor, type Index, isImage, mediaTypes, parseManifest } from '../manifest.ts'
import { parseReference, type Reference } from '../reference.ts'
import type { ArchiveFile, ArchiveFiles } from './archive-files.ts'

/** An image as an archive has it. */
export interface ArchivedImage {
  readonly config: ArchiveFile
  /** Lowest first. */
  readonly layers: readonly ArchiveFile[]
  /** Absent in archives of older versions of Docker. */
  readonly manifest?: Descriptor
}

/** What the names in an archive stand for: an image, or an index with those of its images that are in the archive. */
export interface ArchivedTarget {
  readonly names: readonly Reference[]
  readonly images: readonly ArchivedImage[]
  readonly index?: ArrivedIndex
}

const INVALID = 'IMAGE_ARCHIVE_INVALID'

/**
 * The images of an archive of `docker save` (moby image/spec, manifest.json) or of an OCI image layout (image-spec
 * image-layout.md). Many archives are both; then the names are Docker's.
 * @param platform of an image for several only this one is taken; without it, all there are
 * @throws TscomposeError IMAGE_ARCHIVE_INVALID, IMAGE_PLATFORM_MISSING
 */
export async function archivedImages(
  files: ArchiveFiles,
  platform: Platform | undefined,
): Promise<readonly ArchivedTarget[]> {
  const layout = files.has('index.json') ? await ociTargets(files) : []
  return (await namedTargets(files, layout)).map(target => ofPlatform(target, platform))
}

async function namedTargets(
  files: ArchiveFiles,
  layout: readonly ArchivedTarget[],
): Promise<readonly ArchivedTarget[]> {
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
    const names = (item.strings('RepoTags') ?? []).map(parseReference)
    const same = layout.find(({ images }) => images.some(image => image.config.digest === config.digest))
    if (same?.index) return { ...same, names }
    const layers = (item.strings('Layers') ?? []).map(path => files.file(path))
    return { names, images: [{ ...same?.images[0], config, layers }] }
  })
}

const blobOf = ({ digest }: Descriptor) => `blobs/sha256/${hexOf(digest)}`

async function ociTargets(files: ArchiveFiles): Promise<readonly ArchivedTarget[]> {
  const read = async (path: string) => parseManifest(await files.text(path), `${path} in the archive`)
  const layout = await read('index.json')
  if (layout.kind !== 'index') throw new TscomposeError(INVALID, 'index.json in the archive is no image index')
  const targets = new Map<Digest, ArchivedTarget>()
  const imageOf = async (manifest: Descriptor): Promise<ArchivedImage> => {
    const parsed = await read(blobOf(manifest))
    if (parsed.kind === 'index') throw new TscomposeError(INVALID, 'image indexes in the archive are nested too deep')
    const layers = parsed.layers.map(layer => files.file(blobOf(layer)))
    return { config: files.file(blobOf(parsed.config)), layers, manifest }
  }
  for (const descriptor of layout.manifests) {
    const names = namesOf(descriptor)
    const { digest } = descriptor
    // An archive repeats the descriptor for each further name of an image.
    const before = targets.get(digest)
    if (before) {
      targets.set(digest, { ...before, names: [...before.names, ...names] })
      continue
    }
    const parsed = await read(blobOf(descriptor))
    if (parsed.kind === 'index')
      targets.set(digest, {
        names,
        images: await Promise.all(inArchive(parsed, files).map(imageOf)),
        index: { digest, manifests: parsed.manifests.map(one => one.digest) },
      })
    else targets.set(digest, { names, images: [await imageOf(descriptor)] })
  }
  return [...targets.values()]
}

/** The images of an index that the archive has, as far as they are made for Linux. */
function inArchive({ manifests }: Index, files: ArchiveFiles): readonly Descriptor[] {
  const images = manifests.filter(one => isImage(one) && (one.platform?.os ?? 'linux') === 'linux')
  const here = images.filter(descriptor => files.has(blobOf(descriptor)))
  if (here.length > 0) return here
  throw new TscomposeError('IMAGE_PLATFORM_MISSING', 'the archive has none of the images that its index names')
}

function ofPlatform(target: ArchivedTarget, platform: Platform | undefined): ArchivedTarget {
  const { names, images, index } = target
  if (!index || !platform) return target
  const manifests = images.flatMap(({ manifest }) => manifest ?? [])
  const chosen = choosePlatform({ kind: 'index', mediaType: mediaTypes.ociIndex, manifests }, platform, 'the archive')
  return { names, images: images.filter(({ manifest }) => manifest === chosen), index }
}

/** containerd's annotation has the whole name; that of the specification often has the tag alone, which names nothing. */
function namesOf({ annotations }: Descriptor): readonly Reference[] {
  const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name'] ?? ''
  return /[:/]/.test(name) ? [parseReference(name)] : []
}
