import type { Duplex, Readable } from 'node:stream'
import type { KeptSpace } from '../../build/cache/budget.ts'
import type { BuildEvent } from '../../build/request.ts'
import type { Filters, Labels } from './common.ts'
import type { Resources, Ulimit } from './container-config.ts'
import type { RegistryAuthConfig } from './registry.ts'

/**
 * Not of Docker: a build by names of this machine, for clients that live on it (`POST /tscompose/build`). Paths are
 * absolute.
 */
export interface ImageBuildRequest {
  /** A directory, a git repository or another URL, `local:NAME` of a session; without it the context has no files. */
  Context?: string
  /** A file that holds the context as a tar archive, maybe compressed. */
  Archive?: string
  /** The path of the Dockerfile, absolute or in the context. */
  Dockerfile?: string
  /** The Dockerfile itself; `Dockerfile` is only its name then. */
  DockerfileInline?: string
  Target?: string
  BuildArgs?: Labels
  Labels?: Labels
  Tags?: string[]
  NoCache?: boolean
  /** Names of stages. */
  NoCacheFilter?: string[]
  Pull?: boolean
  /** Images for several make an index. */
  Platforms?: string[]
  /** `key=value`, of the manifest; `index:key=value`, `manifest[linux/arm64]:key=value` and the like. */
  Annotations?: string[]
  /** By name: a directory, a URL, `local:NAME` of a session, `docker-image://REFERENCE`, or `oci-layout://DIRECTORY[:TAG|@DIGEST]`. */
  Contexts?: Labels
  /** By id: a file, or the contents in base64. */
  Secrets?: Record<string, { File?: string; Value?: string }>
  /** By id: the socket of an SSH agent, or private keys, separated by commas. */
  SSH?: Labels
  NetworkMode?: string
  ExtraHosts?: string[]
  ShmSize?: number
  Ulimits?: Ulimit[]
  Resources?: Resources
  Entitlements?: string[]
  Privileged?: boolean
  /** Images or archives of steps: a reference, or `type=registry,ref=REFERENCE`, `type=local,src=DIRECTORY`. */
  CacheFrom?: string[]
  /** `type=inline`, `type=registry,ref=REFERENCE`, `type=local,dest=DIRECTORY`. */
  CacheTo?: string[]
  /** The Dockerfile is only checked: no message tells of an image. */
  Check?: boolean
  /** Logins by the address of their registry. */
  Auths?: Record<string, RegistryAuthConfig>
}

/** A client that hands over what a build needs when it comes to need it, as BuildKit's clients do. */
export interface BuildSession {
  /**
   * The Dockerfile, where it is not in the build context.
   * @param directory an empty one, to receive it in
   */
  dockerfile?(directory: string, signal: AbortSignal): Promise<{ readonly text: string; readonly name: string }>
  /**
   * Puts the files that the client has under a name into an empty directory; `only` these paths, where they are known.
   * @param tell takes the bytes so far
   */
  files(
    choice: { readonly name: string; readonly only?: readonly string[] | undefined },
    directory: string,
    tell: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<void>
  secret(id: string, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** Opens connections to an SSH agent, if the client lends one of that name. */
  agent(id: string, signal: AbortSignal): Promise<(() => Duplex) | undefined>
  /** @param domain as image names have it */
  login(domain: string, signal: AbortSignal): Promise<RegistryAuthConfig | undefined>
}

/** Where a build gets from what is no part of its request. */
export interface BuildInput {
  /** The build context as a tar archive, where the request names none. */
  readonly archive?: Readable
  /** Who has the contexts that the request calls `local:NAME`, and secrets, agents and logins that it does not have itself. */
  readonly session?: BuildSession
}

/** What happens in a build; the last message is the image. */
export type BuildMessage = BuildEvent | BuiltImageMessage

export interface BuiltImageMessage {
  type: 'image'
  id: string
  names: readonly string[]
  /** Of a build for several platforms: `linux/arm64`, and the image's id. */
  images?: readonly { platform: string; id: string }[]
}

export interface BuildPruneOptions extends KeptSpace {
  all?: boolean
  filters?: Filters
}

export interface BuildOperations {
  /** All files of an image, as a tar archive. Not of Docker: `GET /tscompose/images/{name}/files`. */
  imageFiles(name: string): Promise<Readable>
  /**
   * Builds an image. The stream ends with the build; a failed build throws from it.
   */
  imageBuild(request: ImageBuildRequest, input: BuildInput, signal: AbortSignal): Promise<AsyncIterable<BuildMessage>>
  /** Forgets steps of builds. `all`: also those whose layers images have. @returns ids, and bytes that are free now */
  buildPrune(options?: BuildPruneOptions): Promise<{ CachesDeleted: string[]; SpaceReclaimed: number }>
}
