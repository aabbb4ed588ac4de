import { closest } from '../suggest.ts'
import type { CommandEntry, CommandTable } from './command.ts'

/** Words that people try, and what does what they want. */
const wishes: ReadonlyMap<string, string> = new Map([
  ['bash', 'exec SERVICE bash'],
  ['delete', 'down'],
  ['destroy', 'down'],
  ['list', 'ps'],
  ['remove', 'down'],
  ['rmi', 'image rm'],
  ['sh', 'exec SERVICE sh'],
  ['shell', 'exec SERVICE sh'],
  ['ssh', 'exec SERVICE sh'],
  ['status', 'ps'],
])

/** Words that stand before the command with Docker. */
const needless = ['docker', 'compose']

/**
 * What is said about a word that should be a command: what was probably meant, and where all commands are told.
 * @param group the words before it, `tscompose image`
 */
export async function unknownCommand(name: string, group: string, table: CommandTable): Promise<string> {
  const isFirst = group === 'tscompose'
  return [
    `unknown command: "${name}"${isFirst ? '' : ` for "${group}"`}\n`,
    isFirst && needless.includes(name) ? '(Leave it out: tscompose up, tscompose ps, …)\n' : '',
    didYouMeanOneOf(await meantBy(name, table, isFirst)),
    seeHelp(group),
  ].join('')
}

const didYouMeanOneOf = (meant: readonly string[]): string =>
  meant.length > 0 ? `(Did you mean ${meant.join(', or ')}?)\n` : ''

async function meantBy(name: string, table: CommandTable, isFirst: boolean): Promise<readonly string[]> {
  if (isFirst) {
    const wish = wishes.get(name)
    if (wish !== undefined) return [wish]
    const groups = await groupsWith(name, table)
    if (groups.length > 0) return groups.map(group => `${group} ${name}`)
  }
  const near = closest(name, Object.entries(table).flatMap(namesOf))
  return near === undefined ? [] : [near]
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
