import type { Argument, Command, Option } from 'commander'
import { type Found, findCommand } from './find-command.ts'
import { newProgram } from './new-program.ts'

/** A word that may stand where the cursor is, and what it means. */
export interface Candidate {
  readonly word: string
  readonly meaning: string
}

export interface Completion {
  readonly candidates: readonly Candidate[]
  /** Whether names of files may stand there, too. */
  readonly files: boolean
}

/** What the project and the engine have names of; asked for only where one may stand. */
export type Names = Readonly<
  Record<'services' | 'profiles' | 'containers' | 'images' | 'networks' | 'volumes', () => Promise<readonly string[]>>
>

/** By the names of arguments: what stands there. */
const named: readonly (readonly [argument: RegExp, kind: keyof Names])[] = [
  [/^SERVICE/, 'services'],
  [/^CONTAINER/, 'containers'],
  [/^IMAGE|^NAME\[:TAG|^SOURCE\[:TAG/, 'images'],
  [/^NETWORK/, 'networks'],
  [/^VOLUME/, 'volumes'],
]

const nothing: Completion = { candidates: [], files: false }

/**
 * What may stand where the cursor is.
 * @param words all before it, without the program; the last one is what has been typed of the word, maybe nothing
 * @param define declares the arguments and flags of a command
 */
export async function complete(
  words: readonly string[],
  names: Names,
  define: (found: Extract<Found, { kind: 'command' }>) => Promise<void>,
): Promise<Completion> {
  const before = words.slice(0, -1)
  const typed = words.at(-1) ?? ''
  const program = newProgram()
  const found = await findCommand(before, program)
  if (found.kind === 'unknown' || found.kind === 'help') return nothing
  if (found.kind === 'command') await define(found)
  const command = found.kind === 'command' ? found.command : found.group
  const own = wordsAfter(command, before)
  const flag = before.at(-1) ?? ''
  const option = command.options.find(each => each.required && (flag === each.long || flag === each.short))
  if (option) return limit(await valuesOf(option, names), typed)
  if (typed.startsWith('-')) return limit({ candidates: flagsOf(command), files: false }, typed)
  if (found.kind === 'group') {
    const candidates = Object.entries(found.table)
      .filter(([, { hidden }]) => !hidden)
      .map(([word, { summary }]) => ({ word, meaning: summary }))
    return limit({ candidates, files: false }, typed)
  }
  const positional = own.filter((word, i) => !word.startsWith('-') && !takesValue(command, own[i - 1]))
  const argument = command.registeredArguments[positional.length] ?? command.registeredArguments.at(-1)
  return limit(await argumentsOf(argument, positional.length < command.registeredArguments.length, names), typed)
}

const limit = ({ candidates, files }: Completion, typed: string): Completion => ({
  candidates: candidates.filter(({ word }) => word.startsWith(typed)),
  files,
})

/** The words that belong to a command, behind its name. */
function wordsAfter(command: Command, words: readonly string[]): readonly string[] {
  if (!command.parent) return words
  const at = words.findIndex(word => word === command.name() || command.aliases().includes(word))
  return words.slice(at + 1)
}

const takesValue = (command: Command, word: string | undefined): boolean =>
  word !== undefined &&
  command.options.some(option => option.required && (word === option.long || word === option.short))

const flagsOf = (command: Command): Candidate[] =>
  [...command.options.filter(({ hidden }) => !hidden), { long: '--help', description: 'Show this help' }].flatMap(
    ({ long, description }) => (long ? [{ word: long, meaning: description }] : []),
  )

async function valuesOf({ flags, description }: Option, names: Names): Promise<Completion> {
  const kind = /[<[](.*?)[>\]]/.exec(flags)?.[1] ?? ''
  if (/service/.test(kind)) return { candidates: plain(await names.services()), files: false }
  if (/--profile\b/.test(flags)) return { candidates: plain(await names.profiles()), files: false }
  if (/^(file|dir|path)$/.test(kind)) return { candidates: [], files: true }
  // Descriptions list the words a flag takes behind a colon: `Form of the report: auto, tty, plain`.
  const listed = /(?:^|: )((?:[\w-]+, )*[\w-]+ or [\w-]+|[\w-]+(?:, [\w-]+)+)$/.exec(description)?.[1] ?? ''
  return { candidates: plain(listed.split(/, | or /).filter(word => word !== '')), files: false }
}

async function argumentsOf(argument: Argument | undefined, free: boolean, names: Names): Promise<Completion> {
  if (!argument || (!free && !argument.variadic)) return nothing
  const name = argument.name()
  if (name === 'SHELL') return { candidates: plain(argument.argChoices ?? []), files: false }
  const kind = named.find(([pattern]) => pattern.test(name))?.[1]
  if (kind) {
    const suffix = name.includes('=') ? '=' : ''
    return { candidates: plain((await names[kind]()).map(word => word + suffix)), files: false }
  }
  return { candidates: [], files: /FILE|PATH|COMMAND|^SOURCE$|^DESTINATION$/.test(name) }
}

const plain = (words: readonly string[]): Candidate[] => words.map(word => ({ word, meaning: '' }))
