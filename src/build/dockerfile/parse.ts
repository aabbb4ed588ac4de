import { messageOf, TscomposeError } from '../../errors.ts'
import { DirectiveError, readDirectives } from './directives.ts'
import type { BuildWarning, Directives, Dockerfile, Stage } from './dockerfile.ts'
import type { HeredocStart } from './heredoc.ts'
import type { Heredoc, Instruction } from './instruction.ts'
import { InstructionLine } from './instruction-line.ts'
import { invalid, LineReader, type LogicalLine, splitLines } from './lines.ts'
import { lintFile, unlessSkipped } from './lint.ts'
import { lintRules } from './lint-rules.ts'
import { announcedHeredocs, keywordOf, parseInstruction, unknownInstruction } from './parse-instruction.ts'
import { splitLine } from './words.ts'

/** Far more than any file that a person or a generator has written. */
const LARGEST = 8 * 2 ** 20

/**
 * Reads a Dockerfile.
 * @param file its name for messages
 * @throws TscomposeError BUILD_DOCKERFILE_INVALID with the place, the line and, where there is one, a suggestion
 */
export function parseDockerfile(text: string, file: string): Dockerfile {
  const directives = directivesOf(text, file)
  const reader = new LineReader(file, text, directives.escape)
  const warnings: BuildWarning[] = []
  const globalArgs: Extract<Instruction, { keyword: 'ARG' }>[] = []
  const stages: OpenStage[] = []
  for (const instruction of readInstructions(reader, directives, warnings)) {
    const stage = stages.at(-1)
    if (instruction.keyword === 'FROM') {
      const name = instruction.as?.toLowerCase()
      stages.push({ index: stages.length, ...(name && { name }), from: instruction, instructions: [] })
    } else if (stage) stage.instructions.push(instruction)
    else if (instruction.keyword === 'ARG') globalArgs.push(instruction)
    else invalid(instruction.where, 'no build stage in current context', 'begin with FROM; only ARG may go before it')
  }
  if (stages.length === 0) {
    const nothing = globalArgs.length === 0 ? 'file with no instructions' : 'dockerfile contains no stages to build'
    invalid(reader.where(1, 1), nothing, 'begin with FROM and the name of an image')
  }
  warnings.push(...lintFile(stages))
  return { file, directives, globalArgs, stages, warnings: unlessSkipped(warnings, directives) }
}

/**
 * Reads instructions that are no whole Dockerfile: there need be no FROM.
 * @throws TscomposeError BUILD_DOCKERFILE_INVALID
 */
export function parseInstructions(text: string, file: string): readonly Instruction[] {
  const directives = directivesOf(text, file)
  return [...readInstructions(new LineReader(file, text, directives.escape), directives, [])]
}

type OpenStage = Stage & { readonly instructions: Instruction[] }

/**
 * ONBUILD triggers of a base image, as instructions of the stage that is built on it.
 * @param from the FROM that names the base: the place of all messages
 */
export function parseTriggers(
  triggers: readonly string[],
  from: Instruction,
  { file, directives }: Dockerfile,
): readonly Instruction[] {
  return triggers.map(trigger => {
    try {
      const reader = new LineReader(file, trigger, directives.escape)
      const [instruction, ...more] = readInstructions(reader, directives, [], from)
      if (instruction && more.length === 0) return instruction
    } catch (error) {
      if (!(error instanceof TscomposeError)) throw error
      invalid(from.where, `ONBUILD ${trigger} of the base image: ${error.message}`, error.fix)
    }
    return invalid(from.where, `ONBUILD ${trigger} of the base image is not one instruction`)
  })
}

function directivesOf(text: string, file: string): Directives {
  const reader = new LineReader(file, text.slice(0, LARGEST), '\\')
  if (text.length > LARGEST) invalid(reader.where(1, 1), `the Dockerfile is larger than ${LARGEST / 2 ** 20} MiB`)
  const zero = text.indexOf('\0')
  if (zero >= 0) {
    const before = text.slice(0, zero).split('\n')
    const where = { file, line: before.length, col: (before.at(-1)?.length ?? 0) + 1 }
    invalid(where, 'the Dockerfile has a zero byte', 'is it a text file, in UTF-8?')
  }
  try {
    return readDirectives(splitLines(text))
  } catch (error) {
    if (error instanceof DirectiveError) return invalid(reader.where(error.at, 1), error.message)
    throw error
  }
}

/** @param from for triggers: stands for the place of each */
function* readInstructions(
  reader: LineReader,
  directives: Directives,
  warnings: BuildWarning[],
  from?: Instruction,
): Generator<Instruction> {
  for (let line = reader.next(); line; line = reader.next()) {
    const at = from ? () => from.where : line.at
    const split = splitLine(line.text, directives.escape)
    const keyword = keywordOf(split.keyword)
    if (!keyword) invalid(at(0), ...unknownInstruction(split.keyword))
    const starts = announced(() => announcedHeredocs(keyword, split.rest.text), at)
    const heredocs = starts.map(start => readHeredoc(reader, line, start))
    if (line.emptyContinuation) warnings.push({ ...lintRules.NoEmptyContinuation(), where: at(0) })
    yield parseInstruction(new InstructionLine(keyword, split, heredocs, directives.escape, at), {
      where: at(0),
      endLine: from?.endLine ?? reader.line,
      source: line.text.trimEnd(),
      comments: line.comments,
      ...(from && { triggered: true }),
    })
  }
}

function announced(read: () => readonly HeredocStart[], at: LogicalLine['at']): readonly HeredocStart[] {
  try {
    return read()
  } catch (error) {
    return invalid(at(0), messageOf(error))
  }
}

function readHeredoc(reader: LineReader, line: LogicalLine, start: HeredocStart): Heredoc {
  const content = reader.heredoc(start.name, start.chomp)
  if (content === undefined) {
    invalid(
      line.at(Math.max(0, line.text.indexOf('<<'))),
      'unterminated heredoc',
      `end it with a line that is nothing but ${start.name}`,
    )
  }
  return { ...start, content }
}
