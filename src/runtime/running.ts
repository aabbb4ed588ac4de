import { closeSync, readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { linux, SystemError } from '../sys/kernel.ts'
import type { Cgroup } from './cgroup/cgroup.ts'
import type { UserFacts } from './compile/facts.ts'
import { heldNameServer } from './launch.ts'
import type { MonitorConnection } from './monitor.ts'
import { exitCodeOf } from './protocol.ts'
import type { AttachStreams, ExitStatus, RunningContainer, RunningProcess, StatsReader } from './runtime.ts'
import type { ContainerSpec, ResourcesSpec } from './spec.ts'

const SIGKILL = 9

/** The exit code where nobody saw the end, as in Docker. */
const EXIT_UNKNOWN = 255

/** A process that its monitor holds; see {@link RunningProcess}. */
export class MonitoredProcess implements RunningProcess {
  readonly pid: number
  readonly startedAt: Date
  readonly exited: Promise<ExitStatus>
  readonly streams: Duplex | undefined
  readonly cgroup: Cgroup
  readonly #monitor: MonitorConnection
  #pidfd: number | undefined
  #detached = false

  constructor(monitor: MonitorConnection, cgroup: Cgroup, streams?: Duplex) {
    this.pid = monitor.pid
    this.startedAt = monitor.startedAt
    this.cgroup = cgroup
    this.#monitor = monitor
    this.streams = streams
    this.#pidfd = openPidfd(monitor.pid, cgroup)
    this.exited = this.#watch()
  }

  /** Settles when its monitor has ended, a moment later than it. */
  get gone(): Promise<unknown> {
    return this.#monitor.gone
  }

  /** See pidfd_open(2); undefined once the process has ended. Closed by this object. */
  get pidfd(): number | undefined {
    return this.#pidfd
  }

  attach(streams: AttachStreams): Promise<Duplex> {
    return this.#monitor.attach(streams)
  }

  resize(height: number, width: number): void {
    this.#monitor.resize(height, width)
  }

  kill(signal: number): boolean {
    if (this.#pidfd === undefined) return false
    try {
      linux.pidfd_send_signal(this.#pidfd, signal, null, 0)
      return true
    } catch (error) {
      if (error instanceof SystemError && error.code === 'ESRCH') return false
      throw error
    }
  }

  async #watch(): Promise<ExitStatus> {
    const exit = await this.#monitor.exited.catch(() => undefined)
    if (this.#detached) return await new Promise(() => {})
    if (!exit) this.monitorLost()
    this.#closePidfd()
    if (!exit) return { exitCode: EXIT_UNKNOWN, oomKilled: false, finishedAt: new Date() }
    return { exitCode: exitCodeOf(exit.status), ...wantOfMemory(this.cgroup), finishedAt: exit.finishedAt }
  }

  /** Lets go of the process, which runs on; {@link exited} never settles then. */
  detach(): void {
    this.#detached = true
    this.streams?.destroy()
    this.#monitor[Symbol.dispose]()
    this.#closePidfd()
  }

  /** Somebody killed the monitor: nothing holds the process' streams any more, and nobody will see it end. */
  protected monitorLost(): void {
    this.kill(SIGKILL)
  }

  #closePidfd(): void {
    if (this.#pidfd !== undefined) closeSync(this.#pidfd)
    this.#pidfd = undefined
  }
}

/** Whether a container that has ended was killed for want of memory, and how much it has had; while its cgroup is there. */
export function wantOfMemory(cgroup: Cgroup): Pick<ExitStatus, 'oomKilled' | 'memoryPeak'> {
  if (cgroup.oomKills() === 0) return { oomKilled: false }
  const memoryPeak = cgroup.memoryPeak()
  return { oomKilled: true, ...(memoryPeak !== undefined && { memoryPeak }) }
}

/** How often to look whether a container's first process is there where that is not the end of the others. */
const SHARED_PIDS_POLL_MS = 200

export class MonitoredContainer extends MonitoredProcess implements RunningContainer {
  readonly id: string
  /** That of its first process, for those that join it. */
  readonly userNamespace: UserFacts | undefined

  constructor(
    monitor: MonitorConnection,
    cgroup: Cgroup,
    { id, namespaces, userNamespace }: ContainerSpec,
    streams?: Duplex,
  ) {
    super(monitor, cgroup, streams)
    this.id = id
    this.userNamespace = userNamespace && { ...userNamespace, path: `/proc/${monitor.pid}/ns/user` }
    if (namespaces.pid !== 'private') this.#killOrphans()
  }

  async pause(): Promise<void> {
    await this.cgroup.freeze()
  }

  async unpause(): Promise<void> {
    await this.cgroup.thaw()
  }

  pids(): readonly number[] {
    return this.cgroup.pids()
  }

  update(resources: ResourcesSpec): readonly string[] {
    return this.cgroup.apply(resources)
  }

  limits(asked: ResourcesSpec): ResourcesSpec {
    return this.cgroup.effective(asked)
  }

  nameServer(): number | undefined {
    const monitor = parentOf(this.pid)
    return monitor === undefined ? undefined : heldNameServer(monitor)
  }

  openStats(): StatsReader {
    return this.cgroup.openStats()
  }

  override kill(signal: number): boolean {
    const sent = super.kill(signal)
    // What is frozen dies only once it is thawed.
    if (sent && signal === SIGKILL) this.cgroup.thaw().catch(() => {}) // it may have gone already
    return sent
  }

  protected override monitorLost(): void {
    this.cgroup.kill()
  }

  /**
   * Its own pid namespace would end with the first process. In a shared one those left behind are killed here: the
   * monitor waits for as long as they hold the streams, so it cannot tell.
   */
  #killOrphans(): void {
    const timer = setInterval(() => {
      if (!this.kill(0)) this.cgroup.kill()
    }, SHARED_PIDS_POLL_MS)
    void this.exited.then(() => clearInterval(timer))
    timer.unref()
  }
}

/** The parent of a process in proc_pid_status(5); undefined if it has ended. */
function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

/** @returns undefined if the process has ended already, and its number may be another's */
function openPidfd(pid: number, cgroup: Cgroup): number | undefined {
  let pidfd: number | undefined
  try {
    pidfd = linux.pidfd_open(pid, 0)
    // The descriptor means whoever has the number now. Looked at afterwards: it is one of the container's, or nobody.
    if (readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(cgroup.name)) return pidfd
  } catch (error) {
    if (!['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
  if (pidfd !== undefined) closeSync(pidfd)
  return undefined
}
