import type { Command, Option } from 'commander'

const isFlag = (option: Option, word: string | undefined): boolean => word === option.short || word === option.long

/** Where in `argv` the first word is that is neither a flag nor a flag's value; its length if there is none. */
export function findCommandName(argv: readonly string[], options: readonly Option[]): number {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    if (!word.startsWith('-') || word === '-') return i
    if (word === '--') return i + 1
    if (options.some(option => option.required && isFlag(option, word))) i++
  }
  return argv.length
}

export interface Assignment {
  readonly owner: Command
  readonly attribute: string
  readonly value: boolean
}

const truth = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map(word => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map(word => [word, false] as const),
])

/**
 * docker compose takes `--flag=true` and `-T=false` for flags without a value, commander does not: these words are
 * taken out and given back as assignments. Words behind the first argument of `exec` and `run` belong to the program
 * that is to run, and are left alone.
 */
export function booleanAssignments(
  argv: readonly string[],
  command: Command,
): { args: string[]; assignments: Assignment[] } {
  const args: string[] = []
  const assignments: Assignment[] = []
  const path = pathTo(command)
  let owner = path.shift() ?? command
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    if (word === '--') return { args: [...args, ...argv.slice(i)], assignments }
    const option = owner.options.find(option => isFlag(option, word.split('=', 1)[0]))
    if (!word.startsWith('-') || word === '-') {
      if (owner === command && passesThrough(command)) return { args: [...args, ...argv.slice(i)], assignments }
      owner = path.shift() ?? command
    }
    const value = word.includes('=') ? truth.get(word.slice(word.indexOf('=') + 1)) : undefined
    if (option && !option.required && !option.optional && value !== undefined) {
      assignments.push({ owner, attribute: option.attributeName(), value: option.negate ? !value : value })
      continue
    }
    args.push(word)
    if (option?.required && !word.includes('=') && i + 1 < argv.length) args.push(argv[++i] ?? '')
  }
  return { args, assignments }
}

/** From the program down to `command`. */
const pathTo = (command: Command): Command[] => [...(command.parent ? pathTo(command.parent) : []), command]

/** Whether commander was told `passThroughOptions()`, which it does not tell. */
const passesThrough = (command: Command): boolean =>
  (command as Command & { _passThroughOptions?: boolean })._passThroughOptions === true
