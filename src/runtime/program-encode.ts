import { errnoNumber } from '../sys/errno.ts'
import { syscallNumber } from '../sys/syscalls.ts'
import type { Memory, Operand, ParentRole, Program, Result, Step, Word } from './program.ts'

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
  const data = new DataArea(HEADER + program.steps.length * STEP)
  const steps = Buffer.alloc(program.steps.length * STEP)
  program.steps.forEach((step, index) => {
    encodeStep(step, steps.subarray(index * STEP, (index + 1) * STEP), data, index)
  })
  const relocations = Buffer.from(new Uint32Array(data.relocations).buffer)
  const content = data.bytes()
  const header = Buffer.alloc(HEADER)
  const words = [MAGIC, VERSION, flagsOf(options), program.steps.length, HEADER + steps.length + content.length]
  ;[...words, data.relocations.length, options.attached ? attachBits(options.attached) : 0].forEach((word, index) => {
    header.writeUInt32LE(word, index * 4)
  })
  header.writeUInt32LE(options.log?.maxFiles ?? 0, 28)
  header.writeBigUInt64LE(BigInt(options.log?.maxSize ?? 0), 32)
  header.writeUInt32LE(options.inherited ?? 0, 40)
  return Buffer.concat([header, steps, content, relocations])
}

const flagsOf = (options: MonitorOptions): number =>
  (Object.keys(flag) as (keyof typeof flag)[]).reduce((bits, name) => bits | (options[name] ? flag[name] : 0), 0)

function encodeStep(step: Step, to: Buffer, data: DataArea, index: number): void {
  to[0] = opcode[step.op]
  operandsOf(step).forEach((operand, position) => {
    const [kindOf, word] = encodeOperand(operand, data, index)
    to[1 + position] = kindOf
    to.writeBigUInt64LE(word, 32 + position * 8)
  })
  if (step.op === 'clone') to[7] = role[step.parent]
  if (step.op !== 'call') return
  to.writeUInt32LE(syscallNumber(step.name), 8)
  if (step.tolerate.length > MAX_TOLERATED) throw new RangeError(`${step.words}: more than ${MAX_TOLERATED} tolerated`)
  step.tolerate.forEach((name, position) => {
    to.writeUInt16LE(errnoNumber(name), 16 + position * 2)
  })
}

function operandsOf(step: Step): readonly Operand[] {
  if (step.op === 'call') return step.args
  if (step.op === 'clone') return [step.flags, step.cgroup]
  return [step.candidates, step.argv, step.env].map(strings => ({ words: [...strings, null] }))
}

function encodeOperand(operand: Operand, data: DataArea, index: number): [kind: number, word: bigint] {
  if (isWord(operand)) return [kind.word, BigInt.asUintN(64, BigInt(operand))]
  if (operand === null) return [kind.word, 0n]
  if (!isResult(operand)) return [kind.pointer, BigInt(data.offsetOf(operand))]
  if (operand.resultOf >= index) throw new RangeError(`step ${index} uses the result of step ${operand.resultOf}`)
  return [kind.result, BigInt(HEADER + operand.resultOf * STEP + RESULT_OFFSET)]
}

const isWord = (operand: Operand): operand is Word => typeof operand === 'number' || typeof operand === 'bigint'
const isResult = (operand: Memory | Result): operand is Result =>
  typeof operand === 'object' && operand !== null && 'resultOf' in operand

/** What pointers point to; each string and each buffer is there once. */
class DataArea {
  readonly relocations: number[] = []
  readonly #chunks: Uint8Array[] = []
  readonly #strings = new Map<string, number>()
  readonly #buffers = new Map<Uint8Array | object, number>()
  #end: number

  constructor(start: number) {
    this.#end = start
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks)
  }

  /** Where in the program `memory` is. */
  offsetOf(memory: Exclude<Memory, null>): number {
    if (typeof memory === 'string') return this.#once(this.#strings, memory, () => this.#append(cString(memory)))
    if (memory instanceof Uint8Array) return this.#once(this.#buffers, memory, () => this.#append(memory))
    return this.#once(this.#buffers, memory, () => this.#appendWords(memory.words))
  }

  #once<Key>(known: Map<Key, number>, key: Key, add: () => number): number {
    const offset = known.get(key) ?? add()
    known.set(key, offset)
    return offset
  }

  #appendWords(words: readonly (Word | Memory)[]): number {
    const bytes = Buffer.alloc(words.length * 8)
    const pointers: number[] = []
    words.forEach((word, index) => {
      if (word === null) return
      if (!isWord(word)) pointers.push(index * 8)
      const value = isWord(word) ? BigInt.asUintN(64, BigInt(word)) : BigInt(this.offsetOf(word))
      bytes.writeBigUInt64LE(value, index * 8)
    })
    const offset = this.#append(bytes)
    this.relocations.push(...pointers.map(pointer => offset + pointer))
    return offset
  }

  // Every piece starts at a multiple of 8: a buffer may be a struct of any kind.
  #append(bytes: Uint8Array): number {
    const offset = this.#end
    const padding = -bytes.length & 7
    this.#chunks.push(bytes)
    if (padding > 0) this.#chunks.push(new Uint8Array(padding))
    this.#end += bytes.length + padding
    return offset
  }
}

function cString(text: string): Uint8Array {
  if (text.includes('\0')) throw new TypeError(`a string with a NUL byte: ${JSON.stringify(text)}`)
  return Buffer.from(`${text}\0`)
}
