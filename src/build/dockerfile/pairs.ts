import type { WrittenArg, WrittenPair } from './instruction.ts'
import type { InstructionLine } from './instruction-line.ts'
import { invalid } from './lines.ts'

/** `NAME=value NAME=value`, or the old form `NAME value`. */
export function readPairs(line: InstructionLine): readonly WrittenPair[] {
  const words = line.words()
  const [first] = words
  if (!first) line.fail(`${line.keyword} requires at least one argument`)
  if (!first.text.includes('=')) return [legacyPair(line)]
  return words.map(({ text, at }) => {
    const equals = text.indexOf('=')
    if (equals < 0) {
      invalid(
        line.at(at),
        `Syntax error - can't find = in ${JSON.stringify(text)}. Must be of the form: name=value`,
        'a value with spaces needs quotes',
      )
    }
    if (equals === 0) invalid(line.at(at), `${line.keyword} names can not be blank`)
    return { name: text.slice(0, equals), value: text.slice(equals + 1), legacy: false }
  })
}

function legacyPair(line: InstructionLine): WrittenPair {
  const [, name = '', value = ''] = /^([^\t\v\f\r ]+)[\t\v\f\r ]+([^]+)$/.exec(line.rest) ?? []
  if (!name) line.fail(`${line.keyword} must have two arguments`, `write ${line.keyword} ${line.rest}=VALUE`)
  return { name, value, legacy: true }
}

/** `ARG NAME NAME=default` */
export function readArgs(line: InstructionLine): readonly WrittenArg[] {
  const words = line.words()
  if (words.length === 0) line.fail('ARG requires at least one argument')
  return words.map(({ text, at }) => {
    const equals = text.indexOf('=')
    if (equals === 0) invalid(line.at(at), 'ARG names can not be blank')
    return equals < 0 ? { name: text } : { name: text.slice(0, equals), value: text.slice(equals + 1) }
  })
}
