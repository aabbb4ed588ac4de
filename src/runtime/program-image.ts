import type { Memory, Word } from './program.ts'

const TWO_32 = 2 ** 32

/**
 * Memory that grows, in which a program is laid out: little-endian, as both architectures are, and everything at a
 * multiple of 8, since a buffer may be a struct of any kind. What pointers point to is appended, each string and each
 * buffer once.
 */
export class ProgramImage {
  /** Where a word is an offset from the start, to become an address. */
  readonly relocations: number[] = []
  readonly #known = new Map<string | object, number>()
  #bytes: Buffer
  #size: number

  /** @param size how much the caller lays out itself, at the start; zeros */
  constructor(size: number) {
    this.#bytes = Buffer.alloc(size + 8192)
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size)
  }

  set8(at: number, value: number): void {
    this.#bytes[at] = value
  }

  set16(at: number, value: number): void {
    this.#bytes.writeUInt16LE(value, at)
  }

  set32(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at)
  }

  set64(at: number, value: Word): void {
    if (typeof value === 'bigint') {
      this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at)
    } else {
      // Most words are small numbers, and BigInts are slow.
      this.#bytes.writeInt32LE(value | 0, at)
      this.#bytes.writeInt32LE(Math.floor(value / TWO_32) | 0, at + 4)
    }
  }

  /** Where `memory` is. */
  offsetOf(memory: Exclude<Memory, null>): number {
    const known = this.#known.get(memory)
    if (known !== undefined) return known
    const offset = this.#append(memory)
    this.#known.set(memory, offset)
    return offset
  }

  #append(memory: Exclude<Memory, null>): number {
    if (typeof memory === 'string') return this.#appendString(memory)
    if (!(memory instanceof Uint8Array)) return this.#appendWords(memory.words)
    const at = this.reserve(memory.length)
    this.#bytes.set(memory, at)
    return at
  }

  #appendString(text: string): number {
    if (text.includes('\0')) throw new TypeError(`a string with a NUL byte: ${JSON.stringify(text)}`)
    const at = this.reserve(Buffer.byteLength(text) + 1)
    this.#bytes.write(text, at)
    return at
  }

  #appendWords(words: readonly (Word | Memory)[]): number {
    const at = this.reserve(words.length * 8)
    for (const [index, word] of words.entries()) {
      if (word === null) continue
      const place = at + index * 8
      this.set64(place, isWord(word) ? word : this.offsetOf(word))
      if (!isWord(word)) this.relocations.push(place)
    }
    return at
  }

  /** Appends zeros. @returns where they begin */
  reserve(size: number): number {
    const at = this.#size
    this.#size += (size + 7) & ~7
    if (this.#size > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#size + this.#bytes.length)])
    }
    return at
  }
}

export const isWord = (operand: unknown): operand is Word => typeof operand === 'number' || typeof operand === 'bigint'
