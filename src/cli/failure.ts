import { CommanderError } from 'commander'
import { renderError, TscomposeError } from '../errors.ts'

/** What stderr gets for a failed command: the message once, without a usage text; one JSON object with --progress json. */
export function renderFailure(error: unknown, { json }: { json: boolean }): string {
  const messages = flatten(error)
  if (!json) return messages.map(message => `${message}\n`).join('')
  return messages.map(message => `${JSON.stringify({ error: true, message })}\n`).join('')
}

function flatten(error: unknown): string[] {
  if (error instanceof AggregateError) return [...new Set(error.errors.flatMap(flatten))]
  if (error instanceof TscomposeError) return [renderError(error)]
  if (error instanceof CommanderError) return [flagMessage(error)]
  // Anything else is a mistake of ours: its stack is what a report of it needs.
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
}

/** commander's complaints in the words scripts know from docker compose. */
function flagMessage({ code, message }: CommanderError): string {
  const text = message.replace(/^error: /, '')
  const flag = /'([^']*)'/.exec(text)?.[1] ?? ''
  if (code === 'commander.unknownOption')
    return flag.startsWith('--')
      ? text.replace(`unknown option '${flag}'`, `unknown flag: ${flag}`)
      : `unknown shorthand flag: '${flag[1]}' in ${flag}`
  if (code === 'commander.optionMissingArgument')
    return `flag needs an argument: ${flag.split(/,? /).find(word => word.startsWith('--')) ?? flag}`
  return text
}
