import type { Command } from 'commander'
import { findCommandName } from './arguments.ts'
import type { CommandEntry, CommandTable, LeafEntry } from './command.ts'
import { commands } from './commands.ts'

export type Found =
  | { readonly kind: 'command'; readonly command: Command; readonly entry: LeafEntry }
  /** The words end at the program or at a group. */
  | { readonly kind: 'group'; readonly group: Command; readonly table: CommandTable }
  | { readonly kind: 'unknown'; readonly name: string; readonly group: Command; readonly table: CommandTable }
  /** `help` stands where a command should; these are the words that ask for the same. */
  | { readonly kind: 'help'; readonly argv: readonly string[] }

/** Follows the words of `argv` from `program` through the groups, declaring only what they name. */
export async function findCommand(argv: readonly string[], program: Command): Promise<Found> {
  let group = program
  let table = commands
  let from = 0
  for (;;) {
    const at = from + findCommandName(argv.slice(from), group.options)
    const word = argv[at]
    if (word === undefined) return { kind: 'group', group, table }
    const named = entryOf(table, word)
    if (!named && word === 'help') return { kind: 'help', argv: [...argv.toSpliced(at, 1), '--help'] }
    if (!named) return { kind: 'unknown', name: word, group, table }
    const [name, entry] = named
    const command = declare(group, name, entry)
    if ('load' in entry) return { kind: 'command', command, entry }
    group = command.usage('COMMAND').helpCommand(false)
    table = (await entry.loadGroup()).commands
    from = at + 1
  }
}

/** @param word may be an alias */
const entryOf = (table: CommandTable, word: string): [string, CommandEntry] | undefined =>
  Object.entries(table).find(([name, { aliases }]) => name === word || aliases?.includes(word))

function declare(group: Command, name: string, { summary, aliases = [], hidden = false }: CommandEntry): Command {
  const command = group.command(name, { hidden })
  for (const alias of aliases) command.alias(alias)
  return command.summary(summary).description(summary)
}

/** The help of a group with the summaries of its commands; their modules stay unloaded. */
export async function groupHelp(group: Command, table: CommandTable): Promise<string> {
  const { addSections, examplesText } = await import('./help.ts')
  for (const [name, entry] of Object.entries(table)) declare(group, name, { ...entry, aliases: [] })
  if (group.parent === null) addSections(group)
  return `${group.helpInformation()}${examplesText(group)}`
}
