import { closeSync, openSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { TscomposeError } from '../errors.ts'
import { O } from '../sys/constants.ts'
import { forgiveWrites } from './forgive-writes.ts'
import { readFrame } from './frame-reader.ts'
import { type AttachFlags, attachBits } from './monitor-options.ts'
import { encodeFrame, encodeResize, frameType, type MonitorEvent, parseEvent } from './protocol.ts'

/** How a process ended; `status` is that of wait(2), see `exitCodeOf`. */
export interface ProcessExit {
  readonly status: number
  readonly finishedAt: Date
}

export type StartedEvent = Extract<MonitorEvent, { type: 'started' }>

/**
 * A control connection to the monitor of a running process. Disposing it, as the death of the engine does, leaves process
 * and monitor running; {@link connectMonitor} finds those with a run directory again.
 */
export class MonitorConnection implements Disposable {
  /** The process in the host's pid namespace: PID 1 of a container, or the process that joined one. */
  readonly pid: number
  readonly startedAt: Date
  /**
   * Settles once the process has ended, the log and the exit record are complete, and all that are attached have the
   * output. @throws TscomposeError RUNTIME_MONITOR_LOST when the connection ends before
   */
  readonly exited: Promise<ProcessExit>
  /** Settles when the monitor itself has ended, and with it what it kept of a container: its mounts. */
  readonly gone: Promise<unknown>
  readonly #control: Socket
  readonly #runDir: string | undefined
  readonly #isParent: boolean

  /** @param reapMonitor for the monitor's parent, called when the monitor itself ends */
  constructor(
    control: Socket,
    { pid, startedAt }: StartedEvent,
    runDir: string | undefined,
    reapMonitor?: () => Promise<unknown>,
  ) {
    this.pid = pid
    this.startedAt = startedAt
    this.#control = control
    this.#runDir = runDir
    this.#isParent = reapMonitor !== undefined
    const { promise, resolve, reject } = Promise.withResolvers<ProcessExit>()
    this.exited = promise
    this.exited.catch(() => {}) // whoever waits for it is told; nobody has to
    this.gone = this.#watch(resolve).then(exited => {
      if (!exited) reject(monitorLost(pid))
      control.destroy()
      return reapMonitor?.()
    })
  }

  /**
   * Joins the standard streams from now on; see `attach` in runtime.ts. Only with a run directory.
   * @throws TscomposeError RUNTIME_MONITOR_LOST when the process has ended
   */
  async attach(flags: AttachFlags): Promise<Duplex> {
    if (this.#runDir === undefined) throw new TypeError('a process without a run directory is attached at its launch')
    const socket = await findMonitor(this.#runDir)
    if (!socket) throw monitorLost(this.pid)
    socket.write(encodeFrame(frameType.attach, Buffer.of(attachBits(flags))))
    for (;;) {
      const frame = await readFrame(socket)
      if (!frame) {
        socket.destroy()
        throw monitorLost(this.pid)
      }
      if (frame.type === frameType.attached) return streamConnection(socket)
    }
  }

  /** ioctl_tty(2), TIOCSWINSZ. Does nothing without a terminal. */
  resize(height: number, width: number): void {
    if (!this.#control.destroyed) this.#control.write(encodeResize(height, width))
  }

  [Symbol.dispose](): void {
    // A parent must learn of the monitor's end, to reap it; but that keeps nobody up.
    if (this.#isParent) this.#control.unref()
    else this.#control.destroy()
  }

  /** @returns whether the process has ended, and not just its monitor */
  async #watch(resolve: (exit: ProcessExit) => void): Promise<boolean> {
    let exited = false
    for (let frame = await readFrame(this.#control); frame; frame = await readFrame(this.#control)) {
      const event = parseEvent(frame)
      if (event.type !== 'exited') continue
      exited = true
      resolve({ status: event.status, finishedAt: event.finishedAt })
    }
    return exited
  }
}

const monitorLost = (pid: number) =>
  new TscomposeError('RUNTIME_MONITOR_LOST', `the monitor of process ${pid} has gone`)

/** A monitor answers in microseconds. One that somebody has stopped never does, and must not keep all others from their engine. */
const ANSWER_MS = 5000

/**
 * Connects to the monitor that an earlier engine left in `runDir`.
 * @returns undefined if there is none: the process has ended or its launch did not get far
 */
export async function connectMonitor(runDir: string): Promise<MonitorConnection | undefined> {
  const control = await findMonitor(runDir)
  if (!control) return undefined
  control.write(encodeFrame(frameType.watch))
  const patience = setTimeout(() => control.destroy(), ANSWER_MS)
  const frame = await readFrame(control)
  clearTimeout(patience)
  const event = frame && parseEvent(frame)
  if (event?.type === 'started') return new MonitorConnection(control, event, runDir)
  control.destroy()
  return undefined
}

/** A socket to the monitor that carries bare bytes; to be handed out. */
export function streamConnection(socket: Socket): Duplex {
  // Both are the end of the process, and whoever reads learns it from the end of the output.
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  return forgiveWrites(socket)
}

/** A connection to the monitor that listens in `runDir`; undefined if none does. */
async function findMonitor(runDir: string): Promise<Socket | undefined> {
  try {
    return await openSocket(runDir)
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

async function openSocket(runDir: string): Promise<Socket> {
  // Through a descriptor the path is short, however long that of the directory: sun_path has 108 bytes, unix(7).
  const directory = openSync(runDir, O.PATH | O.DIRECTORY | O.CLOEXEC)
  try {
    const socket = connect({ path: join(`/proc/self/fd/${directory}`, 'monitor.sock'), allowHalfOpen: true })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    socket.on('error', () => {}) // the reader sees the connection end
    return socket
  } finally {
    closeSync(directory)
  }
}
