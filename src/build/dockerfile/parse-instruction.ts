import { closest } from '../../suggest.ts'
import { readCopy } from './copy.ts'
import { readHealthcheck } from './healthcheck.ts'
import { type HeredocStart, heredocStarts } from './heredoc.ts'
import { type Instruction, type Keyword, keywords, type Written } from './instruction.ts'
import { InstructionLine } from './instruction-line.ts'
import { readArgs, readPairs } from './pairs.ts'
import { readCommand, readRun } from './run.ts'
import { isJsonForm, splitLine } from './words.ts'

type Fields = Instruction extends infer One ? (One extends Instruction ? Omit<One, keyof Written> : never) : never

/** What stands behind each keyword. */
const parsers: Readonly<Record<Keyword, (line: InstructionLine) => Fields>> = {
  ADD: line => ({ keyword: 'ADD', copy: readCopy(line, 'ADD') }),
  ARG: line => ({ keyword: 'ARG', args: readArgs(plain(line)) }),
  CMD: line => ({ keyword: 'CMD', command: readCommand(plain(line)) }),
  COPY: line => ({ keyword: 'COPY', copy: readCopy(line, 'COPY') }),
  ENTRYPOINT: line => ({ keyword: 'ENTRYPOINT', command: readCommand(plain(line)) }),
  ENV: line => ({ keyword: 'ENV', pairs: readPairs(plain(line)) }),
  EXPOSE: line => ({ keyword: 'EXPOSE', words: several(plain(line)).toSorted() }),
  FROM: readFrom,
  HEALTHCHECK: line => ({ keyword: 'HEALTHCHECK', healthcheck: readHealthcheck(line) }),
  LABEL: line => ({ keyword: 'LABEL', pairs: readPairs(plain(line)) }),
  MAINTAINER: line => ({ keyword: 'MAINTAINER', text: plain(line).single() }),
  ONBUILD: line => ({ keyword: 'ONBUILD', trigger: readTrigger(plain(line)) }),
  RUN: line => ({ keyword: 'RUN', run: readRun(line) }),
  SHELL: line => ({ keyword: 'SHELL', shell: readShell(plain(line)) }),
  STOPSIGNAL: line => ({ keyword: 'STOPSIGNAL', text: plain(line).single() }),
  USER: line => ({ keyword: 'USER', text: plain(line).single() }),
  VOLUME: line => ({ keyword: 'VOLUME', words: readVolumes(plain(line)) }),
  WORKDIR: line => ({ keyword: 'WORKDIR', text: plain(line).single() }),
}

/** @throws TscomposeError BUILD_DOCKERFILE_INVALID */
export const parseInstruction = (line: InstructionLine, written: Written): Instruction =>
  ({ ...written, ...parsers[line.keyword](line) }) as Instruction

export const keywordOf = (word: string): Keyword | undefined => keywords.find(keyword => keyword === word.toUpperCase())

/** The here-documents that a line announces: those that may have some, and ONBUILD before one of them. */
export function announcedHeredocs(keyword: Keyword, rest: string): readonly HeredocStart[] {
  const trigger = keyword === 'ONBUILD' ? keywordOf(/^\S*/.exec(rest)?.[0] ?? '') : keyword
  const takesSome = trigger === 'RUN' || trigger === 'COPY' || trigger === 'ADD'
  return takesSome && !isJsonForm(rest) ? heredocStarts(rest) : []
}

/** What to say of a word that is no instruction. */
export function unknownInstruction(word: string): [message: string, fix?: string] {
  const nearest = closest(word.toUpperCase(), keywords)
  return [`unknown instruction: ${word}`, ...(nearest ? [`did you mean ${nearest}?`] : [])] as [string, string?]
}

/** Of an instruction that has no flags at all. */
function plain(line: InstructionLine): InstructionLine {
  line.flags()
  return line
}

function several(line: InstructionLine): readonly string[] {
  const words = line.keyword === 'EXPOSE' ? line.rest.split(/[\t\v\f\r ]+/).filter(word => word) : line.list()
  if (words.length === 0) line.fail(`${line.keyword} requires at least one argument`)
  return words
}

function readFrom(line: InstructionLine): Extract<Fields, { keyword: 'FROM' }> {
  const platform = line.flags({ platform: 'text' }).text('platform')
  const [base = '', as = '', name = '', ...more] = line.rest.split(/[\t\v\f\r ]+/).filter(word => word)
  if (!base || more.length > 0 || (as && (as.toUpperCase() !== 'AS' || !name))) {
    line.fail('FROM requires either one or three arguments', 'write FROM IMAGE or FROM IMAGE AS NAME')
  }
  if (name && !/^[a-z][a-z0-9-_.]*$/i.test(name)) {
    line.fail(
      `invalid name for build stage: ${JSON.stringify(name)}, name can't start with a number or contain symbols`,
    )
  }
  return { keyword: 'FROM', base, ...(platform !== undefined && { platform }), ...(name && { as: name }) }
}

function readShell(line: InstructionLine): readonly string[] {
  const shell = line.json()
  if (!shell) line.fail(`SHELL requires the arguments to be in JSON form`, 'write SHELL ["/bin/bash", "-c"]')
  if (shell.length === 0) line.fail('SHELL requires at least one argument')
  return shell
}

function readVolumes(line: InstructionLine): readonly string[] {
  return several(line).map(path => path.trim() || line.fail('VOLUME specified can not be an empty string'))
}

/** The text of a trigger, with its here-documents, as it is kept in an image. It is checked as if it stood for itself. */
function readTrigger(line: InstructionLine): string {
  const split = splitLine(line.rest, line.escape)
  const keyword = keywordOf(split.keyword)
  if (!split.keyword) line.fail('ONBUILD requires at least one argument')
  if (keyword === 'ONBUILD') line.fail("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
  if (keyword === 'MAINTAINER' || keyword === 'FROM') line.fail(`${keyword} isn't allowed as an ONBUILD trigger`)
  if (!keyword) line.fail(...unknownInstruction(split.keyword))
  parsers[keyword](new InstructionLine(keyword, split, line.heredocs, line.escape, offset => line.at(offset)))
  return [line.rest, ...line.heredocs.map(({ content, name }) => `${content}${name}`)].join('\n')
}
