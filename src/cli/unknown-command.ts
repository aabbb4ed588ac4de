import { closest } from '../suggest.ts'
import type { CommandEntry, CommandTable } from './command.ts'

/**
 * What is said about a word that should be a command: what was probably meant, and where all commands are told.
 * @param group the words before it, `tscompose image`
 */
export async function unknownCommand(name: string, group: string, table: CommandTable): Promise<string> {
  const elsewhere = group === 'tscompose' ? await groupsWith(name, table) : []
  const near = closest(name, Object.entries(table).flatMap(namesOf))
  const meant = elsewhere.length > 0 ? elsewhere.map(other => `${other} ${name}`) : near ? [near] : []
  return [
    `unknown command: "${name}"${group === 'tscompose' ? '' : ` for "${group}"`}\n`,
    ...(meant.length > 0 ? [`(Did you mean ${meant.join(', or ')}?)\n`] : []),
    seeHelp(group),
  ].join('')
}

/** The last line under a mistake in the words of a command. */
export const seeHelp = (words: string): string => `See '${words} --help'.\n`

const namesOf = ([name, { aliases = [], hidden }]: [string, CommandEntry]): readonly string[] =>
  hidden ? [] : [name, ...aliases]

/** The groups that have a command of that name: many come from `docker inspect` and `docker load`. */
async function groupsWith(name: string, table: CommandTable): Promise<readonly string[]> {
  const groups: string[] = []
  for (const [group, entry] of Object.entries(table))
    if ('loadGroup' in entry && !entry.hidden) {
      const { commands } = await entry.loadGroup()
      if (Object.entries(commands).some(own => namesOf(own).includes(name))) groups.push(group)
    }
  return groups
}
