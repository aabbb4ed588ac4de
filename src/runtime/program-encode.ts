import { errnoNumber } from '../sys/errno.ts'
import { syscallNumber } from '../sys/syscalls.ts'
import type { Operand, ParentRole, Program, Step, Word } from './program.ts'
import { isWord, ProgramImage } from './program-image.ts'

const MAGIC = 0x50435354 // "TSCP"
const VERSION = 2
const HEADER = 32
const STEP = 88
const RESULT_OFFSET = 80
const opcode = { call: 0, clone: 1, exec: 2 } as const
const kind = { word: 0, pointer: 1, result: 2 } as const
const role = { monitor: 0, exit: 1, init: 2 } as const satisfies Record<ParentRole, number>
const MAX_TOLERATED = 8

/**
 * The program as the monitor reads it, in the byte order of both architectures (little-endian):
 *
 *     header       32 bytes   struct program
 *     steps        88 each    struct step: opcode, kinds of the operands, number, tolerated errnos, operands, result
 *     data                    strings, buffers and words
 *     relocations  4 each     where in the data a word is an offset from the start, to become an address
 */
export function encodeProgram(program: Program): Uint8Array {
  const image = new ProgramImage(HEADER + program.steps.length * STEP)
  program.steps.forEach((step, index) => {
    encodeStep(step, index, image)
  })
  const relocationsAt = image.reserve(image.relocations.length * 4)
  image.relocations.forEach((place, index) => {
    image.set32(relocationsAt + index * 4, place)
  })
  image.set32(0, MAGIC)
  image.set32(4, VERSION)
  image.set32(8, program.steps.length)
  image.set32(12, relocationsAt)
  image.set32(16, image.relocations.length)
  return image.bytes()
}

function encodeStep(step: Step, index: number, image: ProgramImage): void {
  const at = HEADER + index * STEP
  image.set8(at, opcode[step.op])
  operandsOf(step).forEach((operand, position) => {
    const [kindOf, word] = encodeOperand(operand, index, image)
    image.set8(at + 1 + position, kindOf)
    image.set64(at + 32 + position * 8, word)
  })
  if (step.op === 'clone') image.set8(at + 7, role[step.parent])
  if (step.op !== 'call') return
  image.set32(at + 8, syscallNumber(step.name))
  if (step.tolerate.length > MAX_TOLERATED) throw new RangeError(`${step.words}: more than ${MAX_TOLERATED} tolerated`)
  step.tolerate.forEach((name, position) => {
    image.set16(at + 16 + position * 2, errnoNumber(name))
  })
}

function operandsOf(step: Step): readonly Operand[] {
  if (step.op === 'call') return step.args
  if (step.op === 'clone') return [step.flags, step.cgroup]
  return [step.candidates, step.argv, step.env].map(strings => ({ words: [...strings, null] }))
}

function encodeOperand(operand: Operand, index: number, image: ProgramImage): [kind: number, word: Word] {
  if (isWord(operand)) return [kind.word, operand]
  if (operand === null) return [kind.word, 0]
  if (typeof operand === 'string' || !('resultOf' in operand)) return [kind.pointer, image.offsetOf(operand)]
  if (operand.resultOf >= index) throw new RangeError(`step ${index} uses the result of step ${operand.resultOf}`)
  return [kind.result, HEADER + operand.resultOf * STEP + RESULT_OFFSET]
}
