/**
 * What engine and monitor say to each other. native/protocol.h has the same numbers.
 *
 * A connection is a UNIX stream socket: descriptor 3 of the monitor, or one to `monitor.sock` in the run directory. It
 * carries frames in both directions, of the form that Docker's streams have:
 *
 *      0      1   2   3   4           8
 *     +------+---+---+---+-----------+-----------
 *     | type | 0 | 0 | 0 | length BE | payload ...        numbers in payloads are little-endian
 *     +------+---+---+---+-----------+-----------
 *
 *     engine                                   monitor
 *       |                                         |      a control connection:
 *       | watch ----------------------------------> |      "what is the state?"; descriptor 3 need not ask
 *       | <------------- started pid u32, time u64  |      the program has been executed
 *       | <- failed step u32, errno u32, status u32 |      or could not be; the monitor ends
 *       | resize rows u16, columns u16 -----------> |
 *       | <----------- exited status u32, time u64  |      the log and the exit record are complete; the monitor ends
 *
 *       | attach flags u8 ------------------------> |      a stream connection, from here on:
 *       | <------------------------------ attached  |
 *       | bytes of standard input ----------------> |      no frames; the end of them may be that of standard input
 *       | <-------------------- bytes of the output |      a terminal's as they are, otherwise in Docker's frames
 *       | <------------------------------------ end |      the process has ended
 *
 * Times are nanoseconds since 1970; `status` is that of wait(2).
 */
export const frameType = {
  stdout: 1,
  stderr: 2,
  started: 16,
  failed: 17,
  exited: 18,
  attached: 19,
  watch: 32,
  attach: 33,
  resize: 34,
} as const

export const FRAME_HEADER = 8

export interface Frame {
  readonly type: number
  readonly payload: Buffer
}

export function encodeFrame(type: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const frame = Buffer.alloc(FRAME_HEADER + payload.length)
  frame[0] = type
  frame.writeUInt32BE(payload.length, 4)
  frame.set(payload, FRAME_HEADER)
  return frame
}

export function encodeResize(height: number, width: number): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeUInt16LE(height, 0)
  payload.writeUInt16LE(width, 2)
  return encodeFrame(frameType.resize, payload)
}

/** What the monitor tells on a control connection. */
export type MonitorEvent =
  | { readonly type: 'started'; readonly pid: number; readonly startedAt: Date }
  | { readonly type: 'failed'; readonly step: number; readonly errno: number; readonly status: number }
  | { readonly type: 'exited'; readonly status: number; readonly finishedAt: Date }
  | { readonly type: 'attached' }

export function parseEvent({ type, payload }: Frame): MonitorEvent {
  switch (type) {
    case frameType.started:
      return { type: 'started', pid: payload.readUInt32LE(0), startedAt: dateOf(payload.readBigUInt64LE(4)) }
    case frameType.failed:
      return {
        type: 'failed',
        step: payload.readUInt32LE(0),
        errno: payload.readUInt32LE(4),
        status: payload.readUInt32LE(8),
      }
    case frameType.exited:
      return { type: 'exited', status: payload.readUInt32LE(0), finishedAt: dateOf(payload.readBigUInt64LE(4)) }
    case frameType.attached:
      return { type: 'attached' }
    default:
      throw new TypeError(`the monitor sent a frame of type ${type}`)
  }
}

/** A Date is exact to the millisecond only. */
export const dateOf = (nanoseconds: bigint): Date => new Date(Number(nanoseconds / 1_000_000n))

/** The exit code that a status of wait(2) stands for: 128 + signal for a process that a signal killed. */
export const exitCodeOf = (status: number): number =>
  (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
