import type { Duplex } from 'node:stream'
import type { ContainerSpec, ProcessSpec, ResourcesSpec } from './spec.ts'

/** How a process ended: wait(2) in words. A process killed by a signal has the exit code 128 + signal. */
export interface ExitStatus {
  readonly exitCode: number
  readonly oomKilled: boolean
  /** The most memory the container has had, in bytes, where the kernel killed something for want of it. */
  readonly memoryPeak?: number
  readonly finishedAt: Date
}

/** Which standard streams of a process somebody joins, and whether the end of what he writes ends its input. */
export interface AttachStreams {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly closeStdin: boolean
}

/**
 * A running process of ours and the monitor that holds it. The process outlives this object and the engine: closing
 * the engine leaves it running, and {@link Runtime.adopt} finds it again.
 */
export interface RunningProcess {
  /** In the host's pid namespace. */
  readonly pid: number
  readonly startedAt: Date
  /** Settles once the process has ended and all that it wrote is in the log and with those attached. */
  readonly exited: Promise<ExitStatus>
  /**
   * Joins the process' standard streams. What comes is the raw terminal stream, or without a terminal frames of
   * Docker's stream format (Engine API, "Attach to a container"); what is written goes to standard input. Ending the
   * writable side closes standard input where `closeStdin` says so.
   */
  attach(streams: AttachStreams): Promise<Duplex>
  /** What `attach` of {@link Runtime.launch} or {@link Runtime.exec} asked for, from the first byte on. */
  readonly streams?: Duplex | undefined
  /** ioctl_tty(2), TIOCSWINSZ. Does nothing without a terminal. */
  resize(height: number, width: number): void
  /** Sends a signal by its number; false if the process has gone. */
  kill(signal: number): boolean
}

export interface RunningContainer extends RunningProcess {
  pause(): Promise<void>
  unpause(): Promise<void>
  /** Processes of the container, in the host's pid namespace. */
  pids(): readonly number[]
  /** @returns one warning for each limit the machine cannot apply, naming the controller */
  update(resources: ResourcesSpec): readonly string[]
  /** What the kernel says of the limits that were asked for; those the machine does not have are left out. */
  limits(asked: ResourcesSpec): ResourcesSpec
  /** Another descriptor of the socket that its monitor holds, for the caller; undefined if it holds none. */
  nameServer(): number | undefined
  /** Its counters, for reading again and again. The caller disposes of it. */
  openStats(): StatsReader
}

/** The counters of one container: files that are open already, so that a reading takes microseconds each. */
export interface StatsReader extends Disposable {
  read(): ContainerStats
}

/** One reading of a container's cgroup; bytes and nanoseconds. */
export interface ContainerStats {
  readonly read: Date
  readonly cpu: {
    readonly totalUsage: number
    /** By processor; empty where the kernel does not tell (cgroup v2). */
    readonly percpuUsage: readonly number[]
    readonly usageInKernelmode: number
    readonly usageInUsermode: number
    readonly throttledPeriods: number
    readonly throttledTime: number
    readonly periods: number
  }
  readonly memory: {
    readonly usage: number
    readonly maxUsage: number
    readonly swap: number
    readonly limit: number
    /** How often the limit was met. */
    readonly failcnt: number
    /** Processes that the kernel has killed for want of memory. */
    readonly oomKills: number
    /** memory.stat, as the kernel names its lines */
    readonly stats: Readonly<Record<string, number>>
  }
  readonly blockIO: readonly {
    readonly major: number
    readonly minor: number
    readonly op: 'read' | 'write'
    readonly bytes: number
    readonly operations: number
  }[]
  readonly pids: { readonly current: number; readonly limit: number }
}

export interface Launched {
  readonly container: RunningContainer
  /** One for each limit the machine cannot apply, naming the controller. */
  readonly warnings: readonly string[]
}

/** What is left of a container when an engine looks for it after a restart. */
export type Adopted =
  | { readonly status: 'running'; readonly container: RunningContainer }
  | { readonly status: 'exited'; readonly exit: ExitStatus }
  /** No process and no record: the machine was restarted. */
  | { readonly status: 'lost' }

export interface Runtime {
  /**
   * Launches a container; resolves when its program has been executed.
   * @throws TscomposeError RUNTIME_LAUNCH_FAILED, RUNTIME_COMMAND_NOT_FOUND (exit code 127),
   *   RUNTIME_COMMAND_NOT_EXECUTABLE (exit code 126); nothing is left behind then
   * @param attach joins the streams before the program begins, so that nothing it writes is missed: `streams`
   * @param nameServer the socket of its name server: the monitor holds it, too, so that what is asked there while there is
   *   no engine waits for the next one
   */
  launch(spec: ContainerSpec, attach?: AttachStreams, nameServer?: number): Promise<Launched>
  /**
   * Tries limits on a cgroup without processes, which is removed again. @returns one warning for each limit the machine
   * cannot apply, naming the controller
   * @throws TscomposeError RUNTIME_LIMIT_REFUSED where the kernel knows the limit but refuses the value
   */
  rehearse(resources: ResourcesSpec): readonly string[]
  /** Runs a further process in a running container. Parameters and errors as for {@link launch}. */
  exec(container: RunningContainer, process: ProcessSpec, attach?: AttachStreams): Promise<RunningProcess>
  /** Finds a container that an earlier engine launched. */
  adopt(spec: ContainerSpec): Promise<Adopted>
  /** How the last run of a container ended; undefined if it has not, or its monitor has not lived to see it. */
  lastExit(containerId: string, stateDir: string): Promise<ExitStatus | undefined>
  /**
   * For a container that waits for its restart: until this is disposed of, a process starts the next engine should this one
   * and its keeper be killed, as the monitors of running containers do.
   */
  lookOut(containerId: string): Disposable
  /** Removes what a container that has ended can leave: its cgroups and run-time files. Idempotent. */
  release(containerId: string): Promise<void>
  /**
   * Kills and removes what earlier engines with the same run directory have left of other containers than these.
   * @returns the ids of the containers of which something was left
   */
  removeUnknown(knownContainerIds: readonly string[]): Promise<readonly string[]>
  /** Lets go of all containers, which run on; their `exited` never settles then. */
  close(): void
}
