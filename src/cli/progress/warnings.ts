import type { Warning } from '../../compose/load/warning.ts'
import { warningLine } from './progress.ts'

/** A warning about a Compose file, and beneath it the place and the line it is about. */
export function renderWarning({ message, where }: Warning): string {
  if (!where) return warningLine(message)
  return `${warningLine(message)}  ${where.file}:${where.line}:${where.col}: ${(where.source ?? '').trim()}\n`
}
