import type { Instruction } from './instruction.ts'

/** An instruction whose variables are expanded and whose flags are understood: what the solver carries out. */
export type Step =
  | RunStep
  | CopyStep
  | AddStep
  | ({ readonly keyword: 'ENV' | 'LABEL'; readonly pairs: ReadonlyMap<string, string> } & Expanded)
  /** Effective values: what the build was given, else the default; a name without a value stays undefined. */
  | ({ readonly keyword: 'ARG'; readonly values: ReadonlyMap<string, string | undefined> } & Expanded)
  /** Relative paths are not yet joined to the working directory so far. */
  | ({ readonly keyword: 'WORKDIR'; readonly path: string } & Expanded)
  | ({ readonly keyword: 'USER'; readonly user: string } & Expanded)
  | ({ readonly keyword: 'VOLUME'; readonly paths: readonly string[] } & Expanded)
  /** `80/tcp`, one by one: ranges are spread out. */
  | ({ readonly keyword: 'EXPOSE'; readonly ports: readonly string[] } & Expanded)
  | ({ readonly keyword: 'CMD' | 'ENTRYPOINT'; readonly command: Command } & Expanded)
  | ({ readonly keyword: 'SHELL'; readonly shell: readonly string[] } & Expanded)
  | ({ readonly keyword: 'MAINTAINER'; readonly maintainer: string } & Expanded)
  | ({ readonly keyword: 'STOPSIGNAL'; readonly signal: string } & Expanded)
  | ({ readonly keyword: 'HEALTHCHECK'; readonly healthcheck: Healthcheck } & Expanded)
  /** The text to keep in the image's `OnBuild`. */
  | ({ readonly keyword: 'ONBUILD'; readonly trigger: string } & Expanded)

interface Expanded {
  readonly instruction: Instruction
  /** As the progress shows it: `COPY package.json ./`, with the variables' values. */
  readonly shown: string
}

/** The exec form (a list) or the shell form, to be run by the stage's SHELL. An empty exec form resets it. */
export type Command =
  | { readonly form: 'exec'; readonly args: readonly string[] }
  | { readonly form: 'shell'; readonly script: string }

export interface RunStep extends Expanded {
  readonly keyword: 'RUN'
  /**
   * The here-documents are in the script: a shell form that is nothing but one here-document has its content as the
   * script, otherwise they follow as the shell expects them.
   */
  readonly command: Command
  /** `RUN <<EOF` whose content begins with `#!`: a file to be run in place of the command, at `/dev/pipes/NAME`. */
  readonly scriptFile?: { readonly name: string; readonly content: string }
  readonly mounts: readonly RunMount[]
  readonly network: 'default' | 'none' | 'host'
  readonly security: 'sandbox' | 'insecure'
  /** Of the process: the image's environment and the ARGs in scope. */
  readonly environment: ReadonlyMap<string, string>
  /** The ARGs declared in the stage, for the image's history (`RUN |1 VERSION=2 make`). */
  readonly buildArgs: ReadonlyMap<string, string>
  /** Proxy settings given as build arguments: for the process's environment, but not for the cache key. */
  readonly proxies: ReadonlyMap<string, string>
}

/** `RUN --mount=...`; relative targets count from the working directory. */
export type RunMount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount

export interface BindMount {
  readonly type: 'bind'
  readonly target: string
  /** A stage, an image or a named context; without it the build context. */
  readonly from?: string
  /** Relative to the root of that. */
  readonly source: string
  /** Where not, what is written is thrown away. */
  readonly readonly: boolean
}

export interface CacheMount {
  readonly type: 'cache'
  readonly target: string
  readonly id: string
  /** What a new cache is filled with: `source` in that stage, image or context. */
  readonly from?: string
  readonly source: string
  readonly readonly: boolean
  readonly sharing: 'shared' | 'private' | 'locked'
  /** Of a new cache's directory. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface TmpfsMount {
  readonly type: 'tmpfs'
  readonly target: string
  /** Bytes. */
  readonly size?: number
}

export interface SecretMount {
  readonly type: 'secret'
  readonly id: string
  /** A file, unless only `env` is given. */
  readonly target?: string
  /** The variable that gets the contents. */
  readonly env?: string
  readonly required: boolean
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** An agent's socket; its path goes into SSH_AUTH_SOCK. */
export interface SshMount {
  readonly type: 'ssh'
  readonly id: string
  readonly target?: string
  readonly required: boolean
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

interface Copying extends Expanded {
  /** Ends with a slash, or is `.`, where it has to be a directory. */
  readonly target: string
  readonly chown?: string
  readonly chmod?: Chmod
  /** A layer of its own that does not depend on what is below it. */
  readonly link: boolean
  /** Patterns as in .dockerignore, relative to each source. */
  readonly excludes: readonly string[]
}

/** An octal mode, or changes to each file's own (`u=rwX,go=rX`) in chmod(1)'s language. */
export type Chmod = { readonly mode: number } | { readonly symbolic: string }

export interface CopyStep extends Copying {
  readonly keyword: 'COPY'
  /** Paths first, then here-documents. */
  readonly sources: readonly (PathSource | HeredocSource)[]
  /** A stage, an image or a named context; without it the build context. */
  readonly from?: string
  /** Keep the sources' parent directories; a `/./` in a source is where they begin. */
  readonly parents: boolean
}

export interface AddStep extends Copying {
  readonly keyword: 'ADD'
  readonly sources: readonly (PathSource | HeredocSource | UrlSource | GitSource)[]
  /** Of a URL's content (`sha256:...`), or of a git commit. */
  readonly checksum?: string
  /** Archives: undefined unpacks those of the context and not those of URLs. */
  readonly unpack?: boolean
}

export interface PathSource {
  readonly kind: 'path'
  /** A path or pattern (Go's filepath.Match) in the context, without a leading slash. */
  readonly path: string
  /** With `--parents`, the directory or pattern below which the source's parents are kept (`base/./parent/file`). */
  readonly base?: string
}
export interface HeredocSource {
  readonly kind: 'heredoc'
  /** The name of the file, if the target is a directory. */
  readonly name: string
  readonly content: string
}
export interface UrlSource {
  readonly kind: 'url'
  readonly url: string
}
export interface GitSource extends GitReference {
  readonly kind: 'git'
  readonly keepGitDir: boolean
}

/** `https://host/repo.git#ref:subdir` or `...?ref=...&subdir=...` */
export interface GitReference {
  readonly remote: string
  /** A branch, tag or commit; without it the remote's HEAD. */
  readonly ref?: string
  readonly subdir?: string
  /** What the ref has to resolve to: a commit, or the beginning of one. */
  readonly commit?: string
  readonly submodules: boolean
}

/** image-spec `Healthcheck` (Docker's extension); durations in nanoseconds. `NONE` is `Test: ['NONE']`. */
export interface Healthcheck {
  readonly Test: readonly string[]
  readonly Interval?: number
  readonly Timeout?: number
  readonly StartPeriod?: number
  readonly StartInterval?: number
  readonly Retries?: number
}
