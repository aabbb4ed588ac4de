import { expand } from './expand.ts'
import { heredocText } from './heredoc.ts'
import type { Instruction } from './instruction.ts'
import type { Scope } from './scope.ts'
import type { RunMount, Step } from './step.ts'

/** An instruction as the progress shows it: in one line, with the values of variables; those of secrets masked. */
export function shownAs(instruction: Instruction, step: Pick<Step, 'keyword'>, scope: Scope): string {
  const isRun = instruction.keyword === 'RUN'
  const masked = new Set(isRun ? secretVariables(step) : [])
  const variables = (name: string) => (masked.has(name) ? '****' : scope.environment.get(name))
  const source = instruction.source + (isRun ? summary(instruction) : '')
  const text = source.replace(/^\S+/, word => word.toUpperCase())
  if (instruction.keyword === 'ONBUILD') return text // its variables are those of another build
  try {
    const options = { escape: scope.given.escape, ...(isRun && { rawQuotes: true, keepUnset: true }) }
    return expand(text, variables, options).text
  } catch {
    // A text for the shell, whose quotes need not be those of a Dockerfile.
    return text
  }
}

function secretVariables(step: object): readonly string[] {
  const mounts: readonly RunMount[] = 'mounts' in step ? (step.mounts as readonly RunMount[]) : []
  return mounts.flatMap(mount => (mount.type === 'secret' && mount.env ? [mount.env] : []))
}

/** ` (first line...)` of `RUN <<EOF` */
function summary({ run: { command, heredocs } }: Extract<Instruction, { keyword: 'RUN' }>): string {
  const [only] = heredocs
  if (!only || command.form === 'exec' || !/^\d*<<\S+$/.test(command.script)) return ''
  const [first = '', ...more] = heredocText(only).trim().split(/\r?\n/)
  return ` (${first}${more.length > 0 ? '...' : ''})`
}
