import { once } from 'node:events'
import type { Duplex, Readable } from 'node:stream'
import { decodeFrames } from '../engine/stream-frames.ts'
import type { Cli } from './cli.ts'

export interface Session {
  /** Both ways: what the process reads, and what it writes. */
  readonly stream: Duplex
  /** The process has a terminal: one raw stream, otherwise frames for stdout and stderr. */
  readonly tty: boolean
  readonly stdin: boolean
  /** Tells the process the size of its terminal. */
  readonly resize: (height: number, width: number) => Promise<void>
}

/**
 * Connects the command's own streams to those of a process, until it writes no more. A terminal is in raw mode
 * meanwhile, so that every key reaches the process; whatever happens, it is given back as it was.
 * @throws the signal's reason
 */
export async function connectStreams(cli: Cli, { stream, tty, stdin, resize }: Session): Promise<void> {
  using cleanup = new DisposableStack()
  cleanup.defer(() => stream.destroy())
  const onAbort = () => void stream.destroy()
  cli.signal.addEventListener('abort', onAbort, { once: true })
  if (cli.signal.aborted) onAbort()
  cleanup.defer(() => cli.signal.removeEventListener('abort', onAbort))
  stream.on('error', () => {})

  if (tty && cli.stdout.isTTY) {
    const tell = () => {
      const size = windowSize(cli)
      if (size) void resize(...size).catch(() => {})
    }
    cli.stdout.on('resize', tell)
    cleanup.defer(() => void cli.stdout.off('resize', tell))
    tell()
  }
  if (stdin) {
    if (tty && cli.stdin.isTTY) {
      cli.stdin.setRawMode(true)
      cleanup.defer(() => void cli.stdin.setRawMode(false))
    }
    // Ends the process' input with ours, and keeps the command alive no longer than the process.
    cli.stdin.pipe(stream)
    cleanup.defer(() => {
      cli.stdin.unpipe(stream)
      cli.stdin.pause()
    })
  }
  await printStreams(cli, stream, tty)
}

/** Rows and columns of the terminal we write to; one on a line without a size, such as a serial console, has 0 of each. */
export const windowSize = ({ stdout }: Pick<Cli, 'stdout'>): [height: number, width: number] | undefined =>
  stdout.isTTY && stdout.rows > 0 && stdout.columns > 0 ? [stdout.rows, stdout.columns] : undefined

/** Writes what a process writes: of a terminal as it comes, otherwise each stream to its own. */
export async function printStreams(cli: Cli, stream: Readable, tty: boolean): Promise<void> {
  try {
    if (tty) for await (const chunk of stream) await write(cli.stdout, chunk)
    else
      for await (const { stream: name, payload } of decodeFrames(stream))
        await write(name === 'stderr' ? cli.stderr : cli.stdout, payload)
  } catch (error) {
    cli.signal.throwIfAborted()
    throw error
  }
  cli.signal.throwIfAborted()
}

async function write(out: NodeJS.WriteStream, chunk: Uint8Array): Promise<void> {
  if (!out.write(chunk)) await once(out, 'drain')
}

/**
 * Whether a process gets a terminal: if the user sits at one on both ends, and did not say no. A pipe on either end wants
 * the bytes as they are.
 * @param tty false with -T
 */
export const wantsTty = (cli: Pick<Cli, 'stdin' | 'stdout'>, tty: boolean | undefined): boolean =>
  tty !== false && !!cli.stdout.isTTY && !!cli.stdin.isTTY
