import type { Readable } from 'node:stream'
import type { Registries } from './registry/registries.ts'
import type { Layer } from './state.ts'
import type { Workshop } from './workshop.ts'

/** `sha256:` and 64 hex digits (OCI image-spec, descriptor.md). */
export type Digest = `sha256:${string}`

/** The parts of an OCI image configuration (image-spec config.md) and Docker's extensions that a container takes over. */
export interface ImageConfig {
  readonly User?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[] | null
  readonly Cmd?: readonly string[] | null
  readonly Volumes?: Readonly<Record<string, object>>
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>>
  readonly StopSignal?: string
  readonly Shell?: readonly string[]
  /** Durations in nanoseconds. */
  readonly Healthcheck?: {
    readonly Test?: readonly string[]
    readonly Interval?: number
    readonly Timeout?: number
    readonly StartPeriod?: number
    readonly StartInterval?: number
    readonly Retries?: number
  }
  readonly OnBuild?: readonly string[]
}

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

/** An image in the store. Its id is the digest of its configuration, as in Docker. */
export interface Image {
  readonly id: Digest
  /** `name:tag`, in Docker's familiar form (`nginx:alpine`). */
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly config: ImageConfig
  readonly platform: Platform
  readonly created: Date
  /** When it last got a name, or was found by one in its registry. */
  readonly tagged?: Date
  readonly author?: string
  /** Bytes on disk, all layers together. */
  readonly size: number
  /** diff ids (uncompressed digests), lowest first. */
  readonly layers: readonly Digest[]
  readonly history: readonly HistoryEntry[]
  /** For an image of the form `rootfs:PATH`. */
  readonly rootfs?: string
}

/** A line of a list: an image, or an index of images for several platforms, shown as the best for this machine. */
export interface ListedImage extends Image {
  /** The id of the image or the digest of the index, by which it can be removed. */
  readonly target: Digest
  /** The images themselves, that which is shown first; `size` is that of all of them. */
  readonly variants: readonly Image[]
}

/** By what an image is known to registries (OCI image-spec descriptor.md). */
export interface ImageDescriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** bytes */
  readonly size: number
  readonly platform?: Platform
}

/** A manifest, and the image that it is of if that is here. */
export interface ListedManifest extends ImageDescriptor {
  readonly image?: Image
  /** Bytes of the archives of the image's layers. */
  readonly content: number
}

/** image-spec config.md, `history`. */
export interface HistoryEntry {
  readonly created?: string
  readonly created_by?: string
  readonly author?: string
  readonly comment?: string
  readonly empty_layer?: boolean
}

/** A line of Docker's progress stream (Engine API, "Create an image"). */
export interface ImageProgress {
  readonly status: string
  /** The layer's short id, or the tag. */
  readonly id?: string
  readonly progressDetail?: { readonly current?: number; readonly total?: number }
}
export type OnImageProgress = (progress: ImageProgress) => void

export interface RegistryAuth {
  readonly username?: string
  readonly password?: string
  readonly identitytoken?: string
  readonly serveraddress?: string
}

export interface PullOptions {
  readonly platform?: Platform
  readonly auth?: RegistryAuth
  readonly onProgress?: OnImageProgress
  /** The image is wanted until this is disposed of: it gets no name, and no engine after this one finds it. */
  readonly until?: AsyncDisposableStack
}

export interface LoadOptions {
  /** Of an image for several platforms only this one. */
  readonly platform?: Platform
  /** As that of {@link PullOptions}. */
  readonly until?: AsyncDisposableStack
}

export interface PushOptions extends Omit<PullOptions, 'until'> {
  /** Without it all tags of the repository are pushed. */
  readonly tag?: string
  /** An image that does not have the name here. */
  readonly image?: Digest
}

/** What a registry has got. */
export interface PushedImage {
  readonly tag: string
  readonly digest: Digest
  /** Bytes of the manifest. */
  readonly size: number
}

/** Errors are TscomposeErrors with codes IMAGE_*: IMAGE_NOT_FOUND, IMAGE_REFERENCE_INVALID, REGISTRY_*... */
export interface ImageStore {
  /** Where images are made of layers that come from no registry and no archive. */
  readonly workshop: Workshop
  /** What can be asked of registries besides images. */
  readonly registries: Pick<Registries, 'login' | 'inspect' | 'search'>
  /**
   * By name, tag, digest, id or unambiguous prefix of an id; `rootfs:PATH` always resolves where PATH is a directory.
   * @param platform without it, of an image for several platforms the best for this machine
   * @returns undefined if there is none
   */
  find(reference: string, platform?: Platform): Promise<Image | undefined>
  /** The images for all platforms that a name or an id stands for, the best for this machine first. */
  findAll(reference: string): Promise<readonly Image[]>
  list(): Promise<readonly ListedImage[]>
  /** The line of the list for a name or an id; none for `rootfs:PATH`. */
  findListed(reference: string): Promise<ListedImage | undefined>
  /** Directories of an image's unpacked layers for overlayfs, the uppermost first. */
  lowerdirs(image: Image): readonly string[]
  /** Bytes that a layer takes on the disk, where images share it: its files and its archive; 0 if there is none. */
  layerSize(diffId: Digest): number
  /** The manifests of what a list shows: of an index, also those of images that are not here. */
  manifests(image: ListedImage): Promise<readonly ListedManifest[]>
  /** The manifest of an image, or the index of what a list shows; `rootfs:PATH` has none. */
  descriptor(image: Image | ListedImage): Promise<ImageDescriptor | undefined>
  /** Bytes of the configurations and manifests of what a list shows. */
  documentsSize(image: ListedImage): Promise<number>
  pull(reference: string, options: PullOptions, signal: AbortSignal): Promise<Image>
  /** Pulls every tag that a repository has. @param repository a name without a tag */
  pullAll(repository: string, options: PullOptions, signal: AbortSignal): Promise<readonly Image[]>
  /** @param repository a name without a tag; with one, that is the tag which is pushed */
  push(repository: string, options: PushOptions, signal: AbortSignal): Promise<readonly PushedImage[]>
  /** Loads every image of a docker-archive or OCI archive (tar, maybe compressed). */
  load(
    archive: Readable,
    onProgress: OnImageProgress,
    signal: AbortSignal,
    options?: LoadOptions,
  ): Promise<readonly Image[]>
  /**
   * An archive of images, for {@link load} and for others that read one of Docker's or an OCI layout.
   * @param references names, ids, or repositories for all their tags
   * @param platform of images for several platforms this one alone
   */
  save(references: readonly string[], platform?: Platform): Promise<Readable>
  /** Bytes of each layer's files, lowest first. */
  layerSizes(image: Image): readonly number[]
  /** Gives what has a name or an id a further name, with the images for all its platforms. @returns the image */
  tag(source: string, reference: string): Promise<Image>
  /** Takes a name off, and with the last one the image itself and the layers nobody else has. */
  remove(reference: string, options: RemoveOptions): Promise<readonly ImageRemoval[]>
  /** Waits until the changes that have begun are made: what was not there to be removed before will be there. */
  settled(): Promise<void>
}

export interface RemoveOptions {
  readonly force: boolean
  /** Of an image for several platforms only this one. */
  readonly platform?: Platform
  /**
   * Asked at the very moment when an image itself would go: `keep` takes off its names only. What it throws ends the
   * removal.
   */
  readonly judge?: (image: Image) => 'delete' | 'keep'
}

export type ImageRemoval = { readonly Untagged: string } | { readonly Deleted: string }

export interface ImageStoreOptions {
  /** Directory of the store; `content/` (by digest), `layers/` (unpacked), `images.json` (names). */
  readonly dataDir: string
  /** `registry-mirrors`: URLs asked before docker.io itself. */
  readonly registryMirrors: readonly string[]
  /** `insecure-registries`: hosts or CIDRs that may be spoken to without TLS; loopback always may. */
  readonly insecureRegistries: readonly string[]
  /** What somebody else in this data root has a use for, beyond the images. */
  readonly retained?: RetainedLayers
  /** Told of what is damaged. */
  readonly report?: (message: string) => void
}

/** Layers that stay although no image has them. */
export interface RetainedLayers {
  /** Names of layer directories without a diff id. */
  readonly directories: ReadonlySet<string>
  readonly layers: ReadonlyMap<Digest, Layer>
}
