export interface FramePart {
  readonly part: Buffer
  /** Whether the frame ends here. */
  readonly last: boolean
}

const FRAME = 0xfd2fb528
const isSkippable = (magic: number): boolean => magic >>> 4 === 0x184d2a5
/** Whether a frame, or one to skip, begins with this number. */
export const isZstd = (magic: number): boolean => magic === FRAME || isSkippable(magic)

/**
 * Where frames begin and end in a zstd stream (RFC 8878, section 3.1). Node's decompressor stops after the first one,
 * while layers come as several: with skippable frames for an index (zstd:chunked), or a frame per part.
 */
export class ZstdFrames {
  /** Bytes still to come of what is known, and what to look at after them. */
  #remaining = 0
  #next: 'magic' | 'skip size' | 'descriptor' | 'block' | 'checksum' | 'end' = 'magic'
  #field = Buffer.alloc(0)
  #hasChecksum = false
  #skippable = false

  /** Whether the stream may end here. */
  get whole(): boolean {
    return this.#next === 'magic' && this.#field.length === 0
  }

  /** Cuts a chunk where frames end. Skippable frames are left out. */
  *split(chunk: Buffer): Generator<FramePart> {
    let start = 0 // of what has not been handed out
    let at = 0
    while (at < chunk.length) {
      if (this.#remaining > 0) {
        const length = Math.min(this.#remaining, chunk.length - at)
        this.#remaining -= length
        at += length
      } else {
        const { value, end } = this.#take(chunk, at)
        at = end
        if (!value) break
        const isMagic = this.#next === 'magic'
        this.#decode(value)
        if (isMagic) start = at
        if (isMagic && !this.#skippable) yield { part: value, last: false }
      }
      if (this.#remaining > 0 || this.#next !== 'end') continue
      if (!this.#skippable) yield { part: chunk.subarray(start, at), last: true }
      start = at
      this.#next = 'magic'
      this.#skippable = false
    }
    if (start < at && this.#next !== 'magic' && !this.#skippable) yield { part: chunk.subarray(start, at), last: false }
  }

  #take(chunk: Buffer, at: number): { value?: Buffer; end: number } {
    const size = { magic: 4, 'skip size': 4, descriptor: 1, block: 3, checksum: 4, end: 0 }[this.#next]
    const end = Math.min(at + size - this.#field.length, chunk.length)
    const value = Buffer.concat([this.#field, chunk.subarray(at, end)])
    this.#field = value.length < size ? value : Buffer.alloc(0)
    return value.length < size ? { end } : { value, end }
  }

  #decode(field: Buffer): void {
    switch (this.#next) {
      case 'magic': {
        const magic = field.readUInt32LE()
        this.#skippable = isSkippable(magic)
        if (!this.#skippable && magic !== FRAME) throw new Error('data after the end of a zstd frame')
        this.#next = this.#skippable ? 'skip size' : 'descriptor'
        return
      }
      case 'skip size':
        this.#remaining = field.readUInt32LE()
        this.#next = 'end'
        return
      case 'descriptor': {
        const descriptor = field.readUInt8()
        const single = (descriptor & 0x20) !== 0
        const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
        this.#hasChecksum = (descriptor & 4) !== 0
        this.#remaining = (single ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0) + contentSize
        this.#next = 'block'
        return
      }
      case 'block': {
        const header = field.readUIntLE(0, 3)
        this.#remaining = ((header >> 1) & 3) === 1 ? 1 : header >> 3 // a run of one byte has just that byte
        if (header & 1) this.#next = this.#hasChecksum ? 'checksum' : 'end'
        return
      }
      case 'checksum':
        this.#next = 'end'
        return
    }
  }
}
