import { CommanderError } from 'commander'
import { renderServiceFailure, ServiceFailure, serviceFailureJson } from '../compose/diagnosis/service-failure.ts'
import { renderError, TscomposeError } from '../errors.ts'

/**
 * What stderr gets for a failed command: each message once, without a usage text. With --progress json one object for
 * each, with the error's stable code.
 */
export function renderFailure(error: unknown, { json }: { json: boolean }): string {
  const errors = flatten(error)
  const lines = json ? errors.map(each => JSON.stringify(toJson(each))) : errors.map(toText)
  return [...new Set(lines)].map(line => `${line}\n`).join('')
}

const flatten = (error: unknown): unknown[] =>
  error instanceof AggregateError ? error.errors.flatMap(flatten) : [error]

function toText(error: unknown): string {
  if (error instanceof ServiceFailure) return renderServiceFailure(error)
  if (error instanceof TscomposeError) return renderError(error)
  if (error instanceof CommanderError) return flagMessage(error)
  // Anything else is a mistake of ours: its stack is what a report of it needs.
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function toJson(error: unknown): Record<string, unknown> {
  if (!(error instanceof TscomposeError)) return { error: true, message: toText(error) }
  const { code, message, where, fix } = error
  const place = where && { file: where.file, line: where.line, col: where.col }
  const more = error instanceof ServiceFailure ? serviceFailureJson(error) : {}
  return { error: true, code, message, where: place, fix, ...more }
}

/** Flags that stand before the command, where many look for them behind it. */
const before = ['-f', '--file', '-p', '--project-name', '--project-directory', '--profile', '--env-file']

/** commander's complaints in the words scripts know from docker compose. */
function flagMessage({ code, message }: CommanderError): string {
  const text = message.replace(/^error: /, '')
  const flag = /'([^']*)'/.exec(text)?.[1] ?? ''
  if (code === 'commander.unknownOption') {
    const name = flag.split('=', 1)[0] as string
    const place = before.includes(name) ? `\n(It goes before the command: tscompose ${name} …)` : ''
    return flag.startsWith('--')
      ? `${text.replace(`unknown option '${flag}'`, `unknown flag: ${flag}`)}${place}`
      : `unknown shorthand flag: '${flag[1]}' in ${flag}${place}`
  }
  if (code === 'commander.optionMissingArgument')
    return `flag needs an argument: ${flag.split(/,? /).find(word => word.startsWith('--')) ?? flag}`
  return text
}
