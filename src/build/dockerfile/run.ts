import type { Where } from '../../errors.ts'
import { closest } from '../../suggest.ts'
import type { WrittenRun } from './instruction.ts'
import type { InstructionLine } from './instruction-line.ts'
import { invalid } from './lines.ts'
import { mountFrom } from './mount.ts'
import type { Command } from './step.ts'

/** The exec form (JSON) or the shell form. */
export function readCommand(line: InstructionLine): Command {
  if (line.rest === '') line.fail(`${line.keyword} requires at least one argument`)
  const args = line.json()
  return args ? { form: 'exec', args } : { form: 'shell', script: line.rest }
}

/** `RUN [flags] command` */
export function readRun(line: InstructionLine): WrittenRun {
  const flags = line.flags({ mount: 'texts', network: 'text', security: 'text' })
  const command = readCommand(line)
  if (command.form === 'exec' && command.args.length === 0) line.fail('RUN requires at least one argument')
  const texts = flags.texts('mount')
  return {
    command,
    heredocs: line.heredocs,
    mounts: flags.places('mount').map((where, index) => ({
      text: texts[index] ?? '',
      where,
      ...mountFrom(texts[index] ?? '', where),
    })),
    network: choice(flags.text('network'), flags.places('network'), ['default', 'none', 'host'], 'network mode'),
    security: choice(flags.text('security'), flags.places('security'), ['sandbox', 'insecure'], 'security mode'),
  }
}

/** One of a few words; the first is the default. */
function choice<Word extends string>(
  value: string | undefined,
  [where]: readonly Where[],
  words: readonly [Word, ...Word[]],
  what: string,
): Word {
  if (value === undefined || !where) return words[0]
  const word = words.find(candidate => candidate === value)
  if (word) return word
  const nearest = closest(value, words)
  return invalid(
    where,
    `invalid ${what} ${JSON.stringify(value)}`,
    nearest ? `did you mean ${nearest}?` : `it can be ${words.join(', ')}`,
  )
}
