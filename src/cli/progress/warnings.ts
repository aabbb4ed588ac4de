import type { Warning } from '../../compose/load/warning.ts'
import type { Cli } from '../cli.ts'
import { useColor } from '../color.ts'

/** Writes a warning to stderr, and beneath it the place and the line of the file that it is about. */
export function tellWarning(cli: Cli, { message, where }: Warning): void {
  const { stderr } = cli
  stderr.write(warningLine(message, stderr.isTTY ? { color: useColor(cli, stderr) } : undefined))
  if (!where) return
  const { file, line, col, source } = where
  stderr.write(`  ${file}:${line}:${col}${source === undefined ? '' : `: ${source.trim()}`}\n`)
}

/**
 * A warning as docker compose has it.
 * @param terminal somebody sits in front of it; for programs there is logrus' form
 */
export function warningLine(message: string, terminal?: { readonly color: boolean }): string {
  if (message.startsWith('Warning: ')) return `${message}\n`
  if (terminal) return `${terminal.color ? '\u001b[33mWARN\u001b[0m' : 'WARN'} ${message}\n`
  return `time="${new Date().toISOString().slice(0, 19)}Z" level=warning msg=${JSON.stringify(message)}\n`
}
