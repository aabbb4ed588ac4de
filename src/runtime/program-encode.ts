import { errnoNumber } from '../sys/errno.ts'
import { syscallNumber } from '../sys/syscalls.ts'
import type { Operand, ParentRole, Program, Step, Word } from './program.ts'
import { isWord, ProgramImage } from './program-image.ts'

/** What the monitor is told beside the program: native/program.h, `struct program`. */
export interface MonitorOptions {
  /** Listen on `monitor.sock` in the run directory. */
  readonly listen: boolean
  /** Write `exit` to the state directory. */
  readonly record: boolean
  /** Write the log to the state directory; sizes in bytes, 0 is no limit. */
  readonly log?: { readonly maxSize: number; readonly maxFiles: number }
  readonly stdin: boolean
  readonly terminal: boolean
  /** A stream connection that is attached from the start. */
  readonly attached?: AttachFlags
  /** How many descriptors there are from `descriptor.inherited` on. */
  readonly inherited?: number
}

/** Which streams a stream connection has, in the bits that `attach` frames and the program header carry. */
export interface AttachFlags {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  /** The end of the connection's input is the end of standard input. */
  readonly closeStdin: boolean
}

export const attachBits = ({ stdin, stdout, stderr, closeStdin }: AttachFlags): number =>
  (stdin ? 1 : 0) | (stdout ? 2 : 0) | (stderr ? 4 : 0) | (closeStdin ? 8 : 0)

const MAGIC = 0x50435354 // "TSCP"
const VERSION = 1
const HEADER = 64
const STEP = 88
const RESULT_OFFSET = 80
const flag = { listen: 1, record: 2, log: 4, stdin: 8, terminal: 16, attached: 32 } as const
const opcode = { call: 0, clone: 1, exec: 2 } as const
const kind = { word: 0, pointer: 1, result: 2 } as const
const role = { monitor: 0, exit: 1, init: 2 } as const satisfies Record<ParentRole, number>
const MAX_TOLERATED = 8

/**
 * The program as the monitor reads it, in the byte order of both architectures (little-endian):
 *
 *     header       64 bytes   struct program
 *     steps        88 each    struct step: opcode, kinds of the operands, number, tolerated errnos, operands, result
 *     data                    strings, buffers and words
 *     relocations  4 each     where in the data a word is an offset from the start, to become an address
 */
export function encodeProgram(program: Program, options: MonitorOptions): Uint8Array {
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
  image.set32(8, flagsOf(options))
  image.set32(12, program.steps.length)
  image.set32(16, relocationsAt)
  image.set32(20, image.relocations.length)
  image.set32(24, options.attached ? attachBits(options.attached) : 0)
  image.set32(28, options.log?.maxFiles ?? 0)
  image.set64(32, options.log?.maxSize ?? 0)
  image.set32(40, options.inherited ?? 0)
  return image.bytes()
}

const flagsOf = (options: MonitorOptions): number =>
  (Object.keys(flag) as (keyof typeof flag)[]).reduce((bits, name) => bits | (options[name] ? flag[name] : 0), 0)

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
