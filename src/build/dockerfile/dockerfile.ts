import type { Where } from '../../errors.ts'

/** A Dockerfile as it is written: nothing is expanded yet, everything has its place. */
export interface Dockerfile {
  /** The name that messages show. */
  readonly file: string
  readonly directives: Directives
  /** ARG before the first FROM: known to FROM lines, and to a stage that declares them again without a value. */
  readonly globalArgs: readonly Instruction[]
  readonly stages: readonly Stage[]
  readonly warnings: readonly BuildWarning[]
}

/** Parser directives: the comments at the very top of the file. */
export interface Directives {
  readonly syntax?: string
  readonly escape: '\\' | '`'
  readonly check: { readonly skip: readonly string[] | 'all'; readonly error: boolean }
}

export interface Stage {
  readonly index: number
  /** `AS name`, in lower case. */
  readonly name?: string
  /** The first line, FROM. */
  readonly from: Instruction
  readonly instructions: readonly Instruction[]
}

/** The instructions that can stand in a stage after FROM. */
export const keywords = [
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
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

/** One instruction as it is written. `interpret` makes a {@link Step} of it. */
export interface Instruction {
  readonly keyword: Keyword | 'FROM'
  readonly where: Where
  /** The last line of it, with its here-documents. */
  readonly endLine: number
  /** Continuation lines joined, comments taken out, without here-documents. */
  readonly text: string
  readonly flags: readonly Flag[]
  /** What stands behind the keyword and the flags: the elements of the JSON form, or the text. */
  readonly args: { readonly form: 'json'; readonly words: readonly string[] } | { readonly form: 'text'; text: string }
  readonly heredocs: readonly Heredoc[]
  /** Comes from an ONBUILD trigger of the base image. */
  readonly trigger?: true
}

/** `--name=value`; a flag without a value has none. */
export interface Flag {
  readonly name: string
  readonly value?: string
  readonly where: Where
}

/** A here-document (`<<EOF`), as the shell knows it. */
export interface Heredoc {
  readonly name: string
  /** Leading tabs have been taken off already (`<<-EOF`). */
  readonly content: string
  /** False if the delimiter was quoted. */
  readonly expand: boolean
  /** `<<-`: leading tabs are taken off. */
  readonly chomp: boolean
  readonly fileDescriptor: number
}

/** A lint rule of BuildKit (`docker build --check`), by its name there. */
export interface BuildWarning {
  readonly rule: string
  readonly message: string
  readonly where: Where
  readonly fix?: string
}
