/**
 * The log of a container as its monitor writes it (native/log.h), and how its records become what `docker logs` sends.
 *
 *      0             8            12       13      14       16                 16+length
 *     +-------------+------------+--------+-------+--------+------------------+----------------+
 *     | time u64 ns | length u32 | stream | flags | "TL"   | the line         | size of all u32|   little-endian
 *     +-------------+------------+--------+-------+--------+------------------+----------------+
 */
export const RECORD_HEADER = 16
export const RECORD_TRAILER = 4
const MARK = 0x4c54
const MAX_LINE = 16 * 1024
const PARTIAL = 1

/** The size of the record that begins at `at`; 0 if its header is not there as a whole, or is none. */
export function recordSize(view: DataView, at: number, end: number): number {
  if (at + RECORD_HEADER > end || view.getUint16(at + 14, true) !== MARK) return 0
  const length = view.getUint32(at + 8, true)
  return length <= MAX_LINE ? RECORD_HEADER + length + RECORD_TRAILER : 0
}

export interface LogSelection {
  readonly stdout: boolean
  readonly stderr: boolean
  /** nanoseconds since 1970, both inclusive */
  readonly since?: bigint
  readonly until?: bigint
}

export interface LogStyle {
  /** Docker's stream frames, one a record; false for the log of a terminal, which is sent as it is. */
  readonly framed: boolean
  /** A time of RFC 3339 with nanoseconds before each line. */
  readonly timestamps: boolean
  /** Stands before each line, behind the time. */
  readonly prefix?: Uint8Array
}

export interface Converted {
  /** What to send; memory of its own. */
  readonly output: Buffer
  /** How many bytes of whole records have been used. */
  readonly consumed: number
  /** A record after `until` has been met: there is no more to come. */
  readonly done: boolean
}

const FRAME_HEADER = 8
const NEWLINE = 0x0a
const NO_LIMIT = (1n << 64n) - 1n

/** Turns the whole records among the first `end` bytes of `bytes` into what is sent. This is the hot loop of `logs`. */
export function convertRecords(bytes: Buffer, end: number, selection: LogSelection, style: LogStyle): Converted {
  const { stdout, stderr, since = 0n, until = NO_LIMIT } = selection
  const { framed, timestamps, prefix } = style
  const limited = since > 0n || until < NO_LIMIT
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  // A record without a line takes 20 bytes, its frame with a time 40.
  const prefixes = prefix ? Math.ceil(end / (RECORD_HEADER + RECORD_TRAILER)) * prefix.length : 0
  const output = Buffer.allocUnsafeSlow((timestamps ? end * 2 : end) + prefixes)
  let at = 0
  let to = 0
  for (let size = recordSize(view, at, end); size > 0 && at + size <= end; size = recordSize(view, at, end)) {
    const record = at
    at += size
    const stream = view.getUint8(record + 12)
    if (limited) {
      const time = view.getBigUint64(record, true)
      if (time > until) return { output: output.subarray(0, to), consumed: at, done: true }
      if (time < since) continue
    }
    if (stream === 2 ? !stderr : !stdout) continue
    const frame = to
    if (framed) to += FRAME_HEADER
    if (timestamps) to = writeTime(output, to, view.getBigUint64(record, true))
    if (prefix) {
      output.set(prefix, to)
      to += prefix.length
    }
    const start = record + RECORD_HEADER
    const lineEnd = at - RECORD_TRAILER
    to = copy(bytes, start, lineEnd, output, to)
    if ((view.getUint8(record + 13) & PARTIAL) === 0) output[to++] = NEWLINE
    if (framed) writeFrameHeader(output, frame, stream, to - frame - FRAME_HEADER)
  }
  return { output: output.subarray(0, to), consumed: at, done: false }
}

const SHORT_LINE = 96

/** A loop is faster than a call for what lines usually are. */
function copy(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  if (end - start > SHORT_LINE) return at + from.copy(to, at, start, end)
  let next = at
  for (let index = start; index < end; index++) to[next++] = from[index] as number
  return next
}

function writeFrameHeader(to: Buffer, at: number, stream: number, length: number): void {
  to[at] = stream
  to[at + 1] = 0
  to[at + 2] = 0
  to[at + 3] = 0
  to[at + 4] = length >>> 24
  to[at + 5] = length >>> 16
  to[at + 6] = length >>> 8
  to[at + 7] = length
}

const NANOSECONDS = 1_000_000_000n
const TIME_LENGTH = '2026-01-02T03:04:05.123456789Z '.length
const lastText = Buffer.alloc(TIME_LENGTH)
let lastTime = -1n

/** Writes `2026-01-02T03:04:05.123456789Z `. Records that the monitor got at once have the same time. */
function writeTime(to: Buffer, at: number, time: bigint): number {
  if (time !== lastTime) {
    lastTime = time
    const seconds = new Date(Number(time / NANOSECONDS) * 1000).toISOString().slice(0, 20)
    lastText.write(`${seconds}${String(time % NANOSECONDS).padStart(9, '0')}Z `, 'latin1')
  }
  return copy(lastText, 0, TIME_LENGTH, to, at)
}
