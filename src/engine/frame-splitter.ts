/** Cuts a stream of bytes into frames that begin with a header of one size, in which the length of the rest is told. */
export class FrameSplitter {
  readonly #headerSize: number
  readonly #lengthIn: (header: Buffer) => number
  #chunks: Buffer[] = []
  #size = 0

  /** @param lengthIn of what follows the header, in bytes; what it throws for a header that is none is thrown by push */
  constructor(headerSize: number, lengthIn: (header: Buffer) => number) {
    this.#headerSize = headerSize
    this.#lengthIn = lengthIn
  }

  /** Whether the stream may end here. */
  get isBetweenFrames(): boolean {
    return this.#size === 0
  }

  /** @returns the frames that `chunk` completes, with their headers; they share its memory where they can */
  push(chunk: Uint8Array): Buffer[] {
    this.#chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))
    this.#size += chunk.length
    const frames: Buffer[] = []
    for (let needed = this.#needed(); this.#size >= needed; needed = this.#needed()) {
      const all = this.#joined()
      frames.push(all.subarray(0, needed))
      this.#chunks = [all.subarray(needed)]
      this.#size -= needed
    }
    return frames
  }

  /** How many bytes the next frame has, as far as is known. */
  #needed(): number {
    if (this.#size < this.#headerSize) return this.#headerSize
    // The header may be spread over chunks; joining them only then keeps a large frame from being copied per chunk.
    const first = this.#chunks[0]
    const start = first && first.length >= this.#headerSize ? first : this.#joined()
    return this.#headerSize + this.#lengthIn(start.subarray(0, this.#headerSize))
  }

  #joined(): Buffer {
    const [first = Buffer.alloc(0), ...rest] = this.#chunks
    if (rest.length === 0) return first
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }
}
