import type { Where } from '../../errors.ts'
import type { Instruction } from './instruction.ts'

/** A Dockerfile as it is written: nothing is expanded yet, everything has its place. */
export interface Dockerfile {
  /** The name that messages show. */
  readonly file: string
  readonly directives: Directives
  /** ARG before the first FROM: known to FROM lines, and to a stage that declares them again without a value. */
  readonly globalArgs: readonly Extract<Instruction, { keyword: 'ARG' }>[]
  readonly stages: readonly Stage[]
  /** Those that BuildKit's `check` directive did not switch off. */
  readonly warnings: readonly BuildWarning[]
}

/** Parser directives: the comments at the very top of the file. */
export interface Directives {
  readonly syntax?: string
  readonly escape: EscapeCharacter
  readonly check: { readonly skip: readonly string[]; readonly error: boolean }
}
export type EscapeCharacter = '\\' | '`'

export interface Stage {
  readonly index: number
  /** `AS name`, in lower case. */
  readonly name?: string
  /** The first line. */
  readonly from: Extract<Instruction, { keyword: 'FROM' }>
  /** All after FROM. */
  readonly instructions: readonly Instruction[]
}

/** A lint rule of BuildKit (`docker build --check`), by its name there. */
export interface BuildWarning {
  readonly rule: string
  readonly message: string
  readonly where: Where
}
