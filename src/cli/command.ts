import { type Command, Option } from 'commander'
import type { Cli } from './cli.ts'

/**
 * A command is a file in commands/ that exports `define`: it declares arguments, flags and what to do with them. Flags
 * that docker compose accepts are accepted; what is not supported yet is refused by name.
 */
export type Define = (command: Command, cli: Cli) => void

export interface CommandModule {
  readonly define: Define
}

interface Entry {
  readonly summary: string
  readonly aliases?: readonly string[]
  readonly hidden?: boolean
}

/** A row of a command table. The module is loaded only when the command is the one asked for. */
export interface LeafEntry extends Entry {
  readonly load: () => Promise<CommandModule>
  /** It may ask registries, git servers or URLs, and so takes `--offline`. */
  readonly asksOutside?: boolean
}

/** A command that only has commands of its own, as `container ls`: their table is a file of the group's name. */
export interface GroupEntry extends Entry {
  readonly loadGroup: () => Promise<{ readonly commands: CommandTable }>
}

export type CommandEntry = LeafEntry | GroupEntry

/** Commands by name, in the order of the help text. */
export type CommandTable = Readonly<Record<string, CommandEntry>>

/** Ends the program with a code that is no error of ours: that of a container, or of a signal. */
export class Exit extends Error {
  override readonly name = 'Exit'
  readonly code: number
  constructor(code: number) {
    super(`exit code ${code}`)
    this.code = code
  }
}

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
