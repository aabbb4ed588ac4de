import type { Readable } from 'node:stream'
import type { Filters, JSONMessage, Labels } from './common.ts'
import type { ContainerConfig } from './container-config.ts'
import type { Whole } from './container-state.ts'

export interface ImageSummary {
  Id: string
  ParentId: string
  RepoTags: string[]
  RepoDigests: string[]
  /** Unix seconds */
  Created: number
  Size: number
  SharedSize: number
  Labels: Labels | null
  Containers: number
  Descriptor?: OCIDescriptor
  /** Only if they were asked for. */
  Manifests?: ImageManifestSummary[]
}

/** What registries know an image by (OCI image-spec descriptor.md). */
export interface OCIDescriptor {
  mediaType: string
  digest: string
  /** bytes */
  size: number
  platform?: ImagePlatform
}

/** What an image is for one platform; `Available` if that is here. */
export interface ImageManifestSummary {
  /** The digest of the manifest. */
  ID: string
  Descriptor: OCIDescriptor
  Available: boolean
  Size: { Content: number; Total: number }
  Kind: 'image'
  ImageData: { Platform: ImagePlatform; Containers: string[]; Size: { Unpacked: number } }
}

interface ImagePlatform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

export interface ImageInspect {
  Id: string
  RepoTags: string[]
  RepoDigests: string[]
  Parent: string
  Comment: string
  Created: string
  DockerVersion: string
  Author: string
  Config: Whole<Omit<ContainerConfig, 'Image'>>
  Architecture: string
  Variant?: string
  Os: string
  Size: number
  GraphDriver: { Name: string; Data: Labels | null }
  RootFS: { Type: 'layers'; Layers: string[] }
  Metadata: { LastTagTime: string }
  /** Of the index, of an image for several platforms, unless one of them was asked for. */
  Descriptor?: OCIDescriptor
  /** Only if they were asked for. */
  Manifests?: ImageManifestSummary[]
}

export interface ImageHistoryItem {
  Id: string
  /** Unix seconds */
  Created: number
  CreatedBy: string
  Tags: string[] | null
  Size: number
  Comment: string
}

export interface ImageImportOptions {
  repo?: string
  tag?: string
  message?: string
  /** Dockerfile instructions for its configuration. */
  changes?: string[]
  platform?: string
}

export interface ImageCommitOptions {
  repo?: string
  tag?: string
  comment?: string
  author?: string
  /** Whether the container stands still meanwhile; true by default. */
  pause?: boolean
  /** Dockerfile instructions for its configuration. */
  changes?: string[]
  /** What the image says, in the place of what the container does. */
  config?: Partial<ContainerConfig> & { OnBuild?: string[] }
}

export interface ImagePruneResponse {
  ImagesDeleted: ImageDeleteItem[]
  SpaceReclaimed: number
}

export type ImageDeleteItem = { Untagged: string } | { Deleted: string }

/** `linux/arm64`: of an image for several platforms this one; one that is here for another is not meant. */
export interface ForPlatform {
  platform?: string
}

export interface ImageOperations {
  imageList(options?: { all?: boolean; filters?: Filters; manifests?: boolean }): Promise<ImageSummary[]>
  imageInspect(name: string, options?: ForPlatform & { manifests?: boolean }): Promise<ImageInspect>
  /** Of an image for several platforms all that the archive has are taken, or that which is asked for. */
  imageLoad(archive: Readable, signal: AbortSignal, options?: ForPlatform): Promise<AsyncIterable<JSONMessage>>
  /** An archive of images (`GET /images/get`), for {@link imageLoad}. */
  imageSave(names: readonly string[], options?: ForPlatform): Promise<Readable>
  /** Makes an image of the archive of a root file system (`POST /images/create?fromSrc=`): a stream, or what is at a URL. */
  imageImport(
    source: Readable | URL,
    options: ImageImportOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterable<JSONMessage>>
  /** Makes an image of a container and what it has changed (`POST /commit`). */
  imageCommit(container: string, options?: ImageCommitOptions): Promise<{ Id: string }>
  imageHistory(name: string, options?: ForPlatform): Promise<ImageHistoryItem[]>
  imagePrune(options?: { filters?: Filters }): Promise<ImagePruneResponse>
  imageTag(name: string, repo: string, tag: string): Promise<void>
  imageDelete(name: string, options?: ForPlatform & { force?: boolean; noprune?: boolean }): Promise<ImageDeleteItem[]>
}
