import type { Duplex, Readable } from 'node:stream'
import type { Digest, Image, Platform, RegistryAuth } from '../image/image.ts'
import type { LayoutChoice } from '../image/load/layout-archive.ts'
import type { ResourcesSpec, Rlimit } from '../runtime/spec.ts'
import type { Annotation } from './annotations.ts'
import type { CacheSource, CacheTarget } from './transfer/spec.ts'

/** Where a build context is. */
export type ContextSource =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'archive'; readonly stream: Readable }
  /** A git repository (`https://host/repo.git#ref:subdir`), an archive or a lone Dockerfile behind a URL. */
  | { readonly kind: 'remote'; readonly url: string }
  /**
   * Files of a client that come when they are needed. `load` puts these paths, or all there are, into an empty directory
   * and tells how many bytes.
   */
  | {
      readonly kind: 'client'
      readonly load: (
        directory: string,
        only: readonly string[] | undefined,
        tell: (bytes: number) => void,
        signal: AbortSignal,
      ) => Promise<void>
    }
  | { readonly kind: 'empty' }

/** `--build-context NAME=...`: a directory or repository, or an image in place of what the Dockerfile calls NAME. */
export type NamedContext =
  | ContextSource
  | { readonly kind: 'image'; readonly reference: string }
  | ({ readonly kind: 'layout'; readonly directory: string } & LayoutChoice)

/** `RUN --mount=type=secret,id=...` */
export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'value'; readonly value: Uint8Array }
  /** Somebody who is asked for it when it is needed, and may not have it. */
  | { readonly kind: 'client'; readonly read: (signal: AbortSignal) => Promise<Uint8Array | undefined> }

/** `RUN --mount=type=ssh`: the socket of an agent or files with keys; or somebody who lends an agent, or may not have it. */
export type SshSource =
  | { readonly kind: 'paths'; readonly paths: string }
  | { readonly kind: 'client'; readonly open: (signal: AbortSignal) => Promise<ConnectAgent | undefined> }
/** Opens a connection to an SSH agent. */
export type ConnectAgent = () => Duplex

/** Docker's `network` of a build: the default bridge, none, the host's, or a network by its name. */
export type BuildNetwork = string

export interface DockerfileText {
  readonly text: string
  /** What messages call it. */
  readonly name: string
}

export interface BuildRequest {
  readonly context: ContextSource
  readonly dockerfile:
    | { readonly kind: 'path'; readonly path: string }
    | ({ readonly kind: 'text' } & DockerfileText)
    /** Somebody who is asked for it. `directory` is an empty one, to receive it in. */
    | {
        readonly kind: 'client'
        readonly read: (directory: string, signal: AbortSignal) => Promise<DockerfileText>
      }
  /** A stage; without it the last one. */
  readonly target?: string
  readonly buildArgs: ReadonlyMap<string, string>
  readonly labels: Readonly<Record<string, string>>
  readonly tags: readonly string[]
  /** True: no step is taken from the cache; a list: none of these stages. */
  readonly noCache: boolean | readonly string[]
  /** Asks the registries for newer base images. */
  readonly pull: boolean
  /** Several make an index of images; none: whatever base images are here, or this machine's. */
  readonly platforms: readonly Platform[]
  readonly annotations: readonly Annotation[]
  readonly contexts: ReadonlyMap<string, NamedContext>
  /** By id. */
  readonly secrets: Pick<ReadonlyMap<string, SecretSource>, 'get'>
  /** By id. */
  readonly ssh: Pick<ReadonlyMap<string, SshSource>, 'get'>
  /** For registries, by the domain in image names. */
  readonly logins: { get(domain: string): RegistryAuth | undefined | Promise<RegistryAuth | undefined> }
  readonly run: RunOptions
  readonly cacheFrom: readonly CacheSource[]
  readonly cacheTo: readonly CacheTarget[]
  /** Nothing is built: there are only warnings. */
  readonly check: boolean
}

/** What a build says about all its RUN steps. */
export interface RunOptions {
  readonly network: BuildNetwork
  /** `name=address` or `name:address` */
  readonly extraHosts: readonly string[]
  /** bytes */
  readonly shmSize?: number
  readonly rlimits: readonly Rlimit[]
  readonly resources: ResourcesSpec
  /** Which of `network.host` and `security.insecure` a step may ask for. */
  readonly entitlements: readonly string[]
  /** All steps run privileged. */
  readonly privileged: boolean
}

export interface BuildResult {
  /** None where there was only a check. */
  readonly image?: Image
  readonly names: readonly string[]
  /** Of a build for several platforms, what it has made for each. */
  readonly images?: readonly { readonly id: Digest; readonly platform: Platform }[]
}

/** What happens in a build, as it happens. Times are milliseconds since 1970. */
export type BuildEvent =
  | { readonly type: 'step'; readonly step: StepProgress }
  /** A line of what a step writes, without its end. */
  | { readonly type: 'log'; readonly id: number; readonly stream: 'stdout' | 'stderr'; readonly line: string }
  | { readonly type: 'warning'; readonly rule?: string; readonly message: string; readonly where?: string }

/** A part of a Dockerfile. */
export interface Excerpt {
  readonly where: string
  /** `isOf`: of the instruction itself. */
  readonly lines: readonly { readonly number: number; readonly text: string; readonly isOf: boolean }[]
}

/** A step and how far it is; told again whenever that changes. */
export interface StepProgress {
  /** In the order in which the steps have been begun. */
  readonly id: number
  /** `[builder 2/5] RUN make` */
  readonly name: string
  readonly state: 'running' | 'done' | 'cached' | 'failed' | 'canceled'
  readonly started: number
  readonly ended?: number
  /** Why it was not taken from the cache, where an earlier build is known that was alike. */
  readonly why?: string
  /** How far it is, of a whole if that is known. */
  readonly status?: string
  /** The same of what is being fetched, in bytes; no `total` where that is not known. */
  readonly transfer?: { readonly id: string; readonly current: number; readonly total?: number }
  readonly error?: string
  /** Where in the Dockerfile it is, `Dockerfile:7`. */
  readonly where?: string
  /** Of a step that failed: the lines there, and some around them. */
  readonly excerpt?: Excerpt
  /**
   * Of an instruction of the Dockerfile: which one of how many in all stages that are built, and whether it does more
   * than change the image's configuration.
   */
  readonly instruction?: {
    readonly number: number
    readonly of: number
    readonly text: string
    readonly hasLayer: boolean
    /** What it has come to, once that is known: 12 hex digits. */
    readonly result?: string
  }
}
export type OnBuildEvent = (event: BuildEvent) => void
