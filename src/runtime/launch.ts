import { closeSync, openSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TscomposeError } from '../errors.ts'
import { AF, F, O, SOCK } from '../sys/constants.ts'
import { linux } from '../sys/kernel.ts'
import { memfd, sealedProgram, writeAll } from '../sys/memfd.ts'
import { posixSpawn } from '../sys/posix-spawn.ts'
import { reap } from '../sys/reap.ts'
import { readFrame } from './frame-reader.ts'
import { describeStatus, launchFailure } from './launch-failure.ts'
import { MonitorConnection, streamConnection } from './monitor.ts'
import { type AttachFlags, encodeOptions } from './monitor-options.ts'
import { monitorPath } from './native-path.ts'
import { descriptor, type Program } from './program.ts'
import { encodeProgram } from './program-encode.ts'
import { parseEvent } from './protocol.ts'

export interface LaunchOptions {
  /** What ps(1) shows behind `tscompose-monitor`: the id of the container, and of the exec. */
  readonly name: string
  /** Where the monitor listens on `monitor.sock`, for attaching and for a later engine. Absent: for this engine only. */
  readonly runDir?: string
  /** Where the monitor writes `exit`, and the log. Absent: neither. */
  readonly stateDir?: string
  /** The log files in `stateDir`; `maxSize` in bytes, 0 is no limit. Absent: no log. */
  readonly log?: { readonly maxSize: number; readonly maxFiles: number }
  /** Standard input is a pipe, or the terminal; the program has to use it. */
  readonly stdin: boolean
  readonly terminal: boolean
  /** Attaches to the streams before the process begins, so that nothing it writes is missed: {@link Launched}. */
  readonly attach?: AttachFlags
  /** Descriptors that the program finds from `descriptor.inherited` on; the caller still closes its own. */
  readonly inherit?: readonly number[]
  /** A socket for the monitor to hold as well, see `launch` in runtime.ts; the caller still closes its own. */
  readonly nameServer?: number
  /** What /proc/1/environ says in a container whose init the monitor becomes: cron jobs get their variables there. */
  readonly env?: readonly string[]
  /** The namespaces, as flags of unshare(2), which the program finds made: the monitor has the time. */
  readonly unshare?: number
}

export interface LaunchedProcess {
  readonly monitor: MonitorConnection
  /** The streams, with the option `attach`. */
  readonly streams: Duplex | undefined
}

/**
 * Runs a launch program in a new monitor, which is made while the program is compiled. Resolves when the last step has
 * executed the container's program.
 * @throws TscomposeError RUNTIME_LAUNCH_FAILED, RUNTIME_COMMAND_NOT_FOUND, RUNTIME_COMMAND_NOT_EXECUTABLE, or what
 *   `compile` threw; nothing is left of the process then
 */
export async function launch(
  compile: () => Program | Promise<Program>,
  options: LaunchOptions,
): Promise<LaunchedProcess> {
  const { spawned, control, stream, memory } = spawnMonitor(options)
  let program: Program
  let pid: number
  try {
    program = await compile()
    writeAll(memory, encodeProgram(program))
    pid = await spawned
  } catch (error) {
    stream?.destroy()
    control.destroy() // the monitor ends without having done anything
    await spawned.then(reap, () => {})
    throw error
  } finally {
    closeSync(memory)
  }
  control.write(whole)
  const frame = await readFrame(control)
  const event = frame && parseEvent(frame)
  if (event?.type === 'started') {
    const monitor = new MonitorConnection(control, event, options.runDir, () => reap(pid))
    return { monitor, streams: stream && streamConnection(stream) }
  }
  stream?.destroy()
  control.destroy()
  const status = await reap(pid)
  if (event?.type === 'failed') throw launchFailure(program, event)
  throw new TscomposeError('RUNTIME_LAUNCH_FAILED', `the monitor of ${options.name} ${describeStatus(status)}`)
}

/** The numbers under which the monitor expects what it is given: native/program.h. */
const given = { control: 3, program: 4, runDir: 5, stateDir: 6, attached: 7, nameServer: 23 } as const

/** Takes back the socket that `monitor` holds; undefined where it holds none, or does not let it be taken. */
export function heldNameServer(monitor: number): number | undefined {
  let pidfd: number | undefined
  try {
    pidfd = linux.pidfd_open(monitor, 0)
    return linux.pidfd_getfd(pidfd, given.nameServer, 0)
  } catch {
    return undefined // without one, a new one does
  } finally {
    if (pidfd !== undefined) closeSync(pidfd)
  }
}

/** Tells the monitor that its program is there. */
const whole = Buffer.of(1)

interface SpawnedMonitor {
  /** Its pid. Until it is there, what was passed to it must stay open. */
  readonly spawned: Promise<number>
  readonly control: Socket
  readonly stream: Socket | undefined
  /** The descriptor of the file in which the monitor finds its program, once it is told that it is whole. */
  readonly memory: number
}

const optionsOf = ({ runDir, stateDir, inherit = [], attach, nameServer, ...others }: LaunchOptions): Uint8Array =>
  encodeOptions({
    ...others,
    listen: runDir !== undefined,
    record: stateDir !== undefined,
    inherited: inherit.length,
    nameServer: nameServer !== undefined,
    ...(attach && { attached: attach }),
  })

function spawnMonitor(options: LaunchOptions): SpawnedMonitor {
  using undo = new DisposableStack()
  const passed = undo.use(new DisposableStack()) // closed here as soon as the monitor has them
  const pass = (fd: number) => {
    passed.defer(() => closeSync(fd))
    return fd
  }
  const memory = memfd('launch-program')
  undo.defer(() => closeSync(memory))
  const descriptors: [number, number][] = (options.inherit ?? []).map((fd, index) => [fd, descriptor.inherited + index])
  descriptors.push([memory, given.program])
  for (const name of ['runDir', 'stateDir'] as const) {
    const path = options[name]
    if (path !== undefined) descriptors.push([pass(openSync(path, O.PATH | O.DIRECTORY | O.CLOEXEC)), given[name]])
  }
  // A copy: the network may be taken away from under the launch, and the number be another's.
  if (options.nameServer !== undefined)
    descriptors.push([pass(linux.fcntl(options.nameServer, F.DUPFD_CLOEXEC, 0)), given.nameServer])
  const connection = (number: number): Socket => {
    const [mine, theirs] = socketPair()
    descriptors.push([pass(theirs), number])
    const socket = new Socket({ fd: mine, readable: true, writable: true, allowHalfOpen: true })
    socket.on('error', () => {}) // the reader sees the connection end
    undo.defer(() => socket.destroy())
    return socket
  }
  const control = connection(given.control)
  control.write(optionsOf(options))
  const stream = options.attach && connection(given.attached)
  const argv = ['tscompose-monitor', options.name]
  const path = `/proc/self/fd/${monitorProgram()}`
  const spawn = (env: readonly string[]) => posixSpawn({ path, argv, env, descriptors })
  // Variables that are too long are so for the container's program, too, and that failure says whose they are.
  const spawned = spawn(options.env ?? [])
    .catch(error => (error.code === 'E2BIG' ? spawn([]) : Promise.reject(error)))
    .finally(() => passed.dispose())
  spawned.catch(() => {}) // told when it is waited for
  undo.move()
  return { spawned, control, stream, memory }
}

let sealed: number | undefined

/**
 * The monitor's program as a sealed file in memory: init is this program and runs inside of containers, where
 * /proc/1/exe must not lead to a file of the host. Read once, and kept open.
 */
export function monitorProgram(): number {
  sealed ??= sealedProgram('tscompose-monitor', readFileSync(monitorPath()))
  return sealed
}

export function socketPair(): [number, number] {
  const pair = Buffer.alloc(8)
  linux.socketpair(AF.UNIX, SOCK.STREAM | SOCK.CLOEXEC, 0, pair)
  return [pair.readInt32LE(0), pair.readInt32LE(4)]
}
