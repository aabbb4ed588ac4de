import { TscomposeError } from '../../errors.ts'

/** The tree of a template (Go's text/template/parse). */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | {
      readonly kind: 'if' | 'with' | 'range'
      readonly pipe: Pipe
      readonly body: readonly Node[]
      readonly otherwise: readonly Node[]
    }

/** `$a, $b := command | command` */
export interface Pipe {
  readonly variables: readonly string[]
  /** `=` rather than `:=`: the variable is there already. */
  readonly assigns: boolean
  readonly commands: readonly Command[]
}

/** What is called, or just a value, and the arguments. */
export type Command = readonly [Operand, ...Operand[]]

export type Operand =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'function'; readonly name: string }
  /** `.A.B` of the cursor; without names the cursor itself. */
  | { readonly kind: 'field'; readonly names: readonly string[] }
  /** `$x.A`; the name without its `$`. */
  | { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly names: readonly string[] }

export const templateError = (message: string): TscomposeError =>
  new TscomposeError('CLI_FLAG', `template parsing error: ${message}`)
