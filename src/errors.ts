/**
 * Every error code of the program with what it means. docs/errors.md has a section for each row, which a test checks.
 * Rows are grouped by layer; a code starts with the name of the layer that throws it.
 */
export const errorCodes = {
  // sys
  SYS_LIBRARY_MISSING: 'a system library the program needs cannot be loaded',
} as const

export type ErrorCode = keyof typeof errorCodes

/** A place in a file the user wrote; 1-based, as editors count. */
export interface Where {
  readonly file: string
  readonly line: number
  readonly col: number
  /** The text of that line, to show beneath the message. */
  readonly source?: string
}

export interface More {
  readonly where?: Where
  /** What the user can do about it: one sentence. */
  readonly fix?: string
  readonly cause?: unknown
}

/** The one error family: a stable code, what failed, where, and what to do. */
export class TscomposeError extends Error {
  override readonly name = 'TscomposeError'
  readonly code: ErrorCode
  readonly where: Where | undefined
  readonly fix: string | undefined

  constructor(code: ErrorCode, message: string, { where, fix, cause }: More = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.where = where
    this.fix = fix
  }
}

/** `compose.yaml:7:5: unknown key "prots" [COMPOSE_KEY_UNKNOWN]`, the line itself with a caret, and what to do. */
export function renderError({ code, message, where, fix }: TscomposeError): string {
  const lines = [`${where ? `${where.file}:${where.line}:${where.col}: ` : ''}${message} [${code}]`]
  if (where?.source !== undefined) lines.push(`  ${where.source}`, `  ${' '.repeat(where.col - 1)}^`)
  if (fix) lines.push(`  ${fix}`)
  return lines.join('\n')
}
