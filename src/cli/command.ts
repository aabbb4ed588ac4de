import { type Command, Option } from 'commander'
import { TscomposeError } from '../errors.ts'
import type { Cli } from './cli.ts'

/**
 * A command is a file in commands/ that exports `define`: it declares arguments, flags and what to do with them. Flags
 * that docker compose accepts are accepted; what is not supported yet is refused by name.
 */
export type Define = (command: Command, cli: Cli) => void

export interface CommandModule {
  readonly define: Define
}

/** A row of a command table (commands.ts). The module is loaded only when the command is the one asked for. */
export interface CommandEntry {
  readonly summary: string
  readonly aliases?: readonly string[]
  readonly hidden?: boolean
  readonly load: () => Promise<CommandModule>
}

/** Ends the program with a code that is no error of ours: that of a container, or of a signal. */
export class Exit extends Error {
  override readonly name = 'Exit'
  readonly code: number
  constructor(code: number) {
    super(`exit code ${code}`)
    this.code = code
  }
}

/** For a flag of docker compose that this version cannot honour. */
export const notSupportedYet = (flag: string): TscomposeError =>
  new TscomposeError('COMPOSE_NOT_SUPPORTED', `not supported yet: ${flag}`)

/** For a flag that may be given several times. */
export const collect = (value: string, earlier: readonly string[] | undefined): readonly string[] => [
  ...(earlier ?? []),
  value,
]

/** A flag that begins with `--no-` and is no negation of another one, which is what commander takes such flags for. */
export function plainOption(flags: string, description: string): Option {
  const option = new Option(flags, description)
  option.negate = false
  return option
}

/** A command that only has commands of its own: by itself it tells them. */
export const group = (command: Command, cli: Cli): Command =>
  command
    .usage('COMMAND')
    .allowExcessArguments()
    .action(() => {
      const [unknown] = command.args
      if (unknown !== undefined)
        throw new TscomposeError('CLI_FLAG', `unknown command: "${unknown}" for "tscompose ${command.name()}"`)
      cli.stdout.write(command.helpInformation())
    })
