import type { Where } from '../../errors.ts'
import type { Command, Healthcheck } from './step.ts'

export const keywords = [
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
] as const
export type Keyword = (typeof keywords)[number]

/** One instruction as it is written: every text in it may hold variables. {@link interpret} makes a Step of it. */
export type Instruction = Written &
  (
    | { readonly keyword: 'FROM'; readonly base: string; readonly platform?: string; readonly as?: string }
    | { readonly keyword: 'ADD' | 'COPY'; readonly copy: WrittenCopy }
    | { readonly keyword: 'RUN'; readonly run: WrittenRun }
    | { readonly keyword: 'ARG'; readonly args: readonly WrittenArg[] }
    | { readonly keyword: 'ENV' | 'LABEL'; readonly pairs: readonly WrittenPair[] }
    | { readonly keyword: 'CMD' | 'ENTRYPOINT'; readonly command: Command }
    | { readonly keyword: 'EXPOSE' | 'VOLUME'; readonly words: readonly string[] }
    | { readonly keyword: 'MAINTAINER' | 'STOPSIGNAL' | 'USER' | 'WORKDIR'; readonly text: string }
    | { readonly keyword: 'SHELL'; readonly shell: readonly string[] }
    | { readonly keyword: 'HEALTHCHECK'; readonly healthcheck: Healthcheck }
    | { readonly keyword: 'ONBUILD'; readonly trigger: string }
  )

export interface Written {
  readonly where: Where
  /** The last line of it, with its here-documents. */
  readonly endLine: number
  /** The whole of it: continuation lines joined, comments taken out, without the bodies of here-documents. */
  readonly source: string
  /** The comments right above it, without their `#`. */
  readonly comments: readonly string[]
  /** Comes from an ONBUILD trigger of the base image. */
  readonly triggered?: true
}

export interface WrittenArg {
  readonly name: string
  readonly value?: string
}

export interface WrittenPair {
  readonly name: string
  readonly value: string
  /** `ENV name value`, the old form. */
  readonly legacy: boolean
}

export interface WrittenCopy {
  readonly sources: readonly string[]
  /** Sources that stand in the Dockerfile itself. */
  readonly heredocs: readonly Heredoc[]
  readonly target: string
  /** Not expanded: a variable in it is an error. */
  readonly from?: string
  readonly chown?: string
  readonly chmod?: string
  readonly checksum?: string
  readonly link: boolean
  readonly parents: boolean
  readonly excludes: readonly string[]
  readonly keepGitDir?: boolean
  readonly unpack?: boolean
}

export interface WrittenRun {
  readonly command: Command
  /** Values of `--mount`, and what each reads from. */
  readonly mounts: readonly { readonly text: string; readonly from?: string; readonly where: Where }[]
  readonly network: 'default' | 'none' | 'host'
  readonly security: 'sandbox' | 'insecure'
  readonly heredocs: readonly Heredoc[]
}

/** A here-document (`<<EOF`), as the shell knows it. */
export interface Heredoc {
  readonly name: string
  /** As in the file; see {@link Heredoc.chomp}. */
  readonly content: string
  /** False if the delimiter was quoted. */
  readonly expand: boolean
  /** `<<-`: tabs at the beginning of lines do not count. */
  readonly chomp: boolean
}
