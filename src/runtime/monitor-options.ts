/** What a monitor is told before there is a program for it: native/monitor.h, `struct options`. */
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
  /** Hold the socket of the container's name server. */
  readonly nameServer?: boolean
  /** The namespaces to make for the process while its program is compiled: flags of unshare(2). */
  readonly unshare?: number
}

/** Which streams a stream connection has, in the bits that `attach` frames and the options carry. */
export interface AttachFlags {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  /** The end of the connection's input is the end of standard input. */
  readonly closeStdin: boolean
}

export const attachBits = ({ stdin, stdout, stderr, closeStdin }: AttachFlags): number =>
  (stdin ? 1 : 0) | (stdout ? 2 : 0) | (stderr ? 4 : 0) | (closeStdin ? 8 : 0)

const SIZE = 32
const flag = { listen: 1, record: 2, log: 4, stdin: 8, terminal: 16, attached: 32, nameServer: 64 } as const

/** In the byte order of both architectures (little-endian). */
export function encodeOptions(options: MonitorOptions): Uint8Array {
  const bytes = Buffer.alloc(SIZE)
  bytes.writeUInt32LE(flagsOf(options), 0)
  bytes.writeUInt32LE(options.unshare ?? 0, 4)
  bytes.writeUInt32LE(options.attached ? attachBits(options.attached) : 0, 8)
  bytes.writeUInt32LE(options.inherited ?? 0, 12)
  bytes.writeBigUInt64LE(BigInt(options.log?.maxSize ?? 0), 16)
  bytes.writeUInt32LE(options.log?.maxFiles ?? 0, 24)
  return bytes
}

const flagsOf = (options: MonitorOptions): number =>
  (Object.keys(flag) as (keyof typeof flag)[]).reduce((bits, name) => bits | (options[name] ? flag[name] : 0), 0)
