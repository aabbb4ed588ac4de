import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { O } from '../sys/constants.ts'
import { linux } from '../sys/kernel.ts'
import type { Cgroup } from './cgroup/cgroup.ts'
import { openCgroups } from './cgroup/cgroups.ts'
import { deviceRules } from './cgroup/device-rules.ts'
import { compileContainer } from './compile/container.ts'
import { compileExec } from './compile/exec.ts'
import { readExitRecord } from './exit-record.ts'
import { launch } from './launch.ts'
import { connectMonitor } from './monitor.ts'
import { prepareContainer, prepareProcess } from './prepare/prepare.ts'
import { exitCodeOf } from './protocol.ts'
import { MonitoredContainer, MonitoredProcess } from './running.ts'
import type { Adopted, AttachStreams, Launched, RunningContainer, RunningProcess, Runtime } from './runtime.ts'
import type { ContainerSpec, ProcessSpec } from './spec.ts'

export interface RuntimeOptions {
  /** Run-time directory of the engine; the monitors' sockets are in `containers/ID/` beneath it. */
  readonly runDir: string
}

/** The runtime of one engine: engines with different run directories do not see each other's containers. */
export function createRuntime({ runDir }: RuntimeOptions): Runtime {
  mkdirSync(`${runDir}/containers`, { recursive: true, mode: 0o700 })
  const instance = createHash('sha256').update(realpathSync(runDir)).digest('hex').slice(0, 12)
  return new LocalRuntime(`${realpathSync(runDir)}/containers`, openCgroups(instance))
}

class LocalRuntime implements Runtime {
  readonly #directory: string
  readonly #cgroups: ReturnType<typeof openCgroups>
  readonly #processes = new Set<MonitoredProcess>()
  /** Which container an exec is for; the contract shows only what runs. */
  readonly #ids = new WeakMap<RunningContainer, string>()

  constructor(directory: string, cgroups: ReturnType<typeof openCgroups>) {
    this.#directory = directory
    this.#cgroups = cgroups
  }

  async launch(given: ContainerSpec, attach?: AttachStreams): Promise<Launched> {
    const { id, stateDir, log } = given
    const cgroup = this.#cgroups.cgroup(id)
    const { spec, facts, warnings } = prepareContainer(given, cgroup)
    await using undo = new AsyncDisposableStack()
    undo.defer(() => this.release(id))
    await createCgroup(cgroup, spec)
    const limits = cgroup.apply(spec.resources)
    const runDir = `${this.#directory}/${id}`
    mkdirSync(runDir, { recursive: true, mode: 0o700 })
    using inherited = new InheritedDescriptors()
    if (facts.join.how === 'clone') inherited.open(facts.join.directory)
    const { monitor, streams } = await launch(compileContainer(spec, facts), {
      name: id,
      runDir,
      stateDir,
      ...(log.driver === 'file' && { log }),
      stdin: spec.process.stdin,
      terminal: spec.process.terminal,
      inherit: inherited.fds,
      ...(attach && { attach }),
    })
    undo.move()
    const container = this.#hold(
      new MonitoredContainer(monitor, cgroup, { ownPids: ownPids(spec), ...(streams && { streams }) }),
    )
    this.#ids.set(container, id)
    return { container, warnings: [...warnings, ...limits] }
  }

  async exec(container: RunningContainer, given: ProcessSpec, attach?: AttachStreams): Promise<RunningProcess> {
    const id = this.#ids.get(container)
    if (id === undefined) throw new TypeError('exec needs a container of this runtime')
    const cgroup = this.#cgroups.cgroup(id)
    const { spec, facts } = prepareProcess(given, cgroup)
    using inherited = new InheritedDescriptors()
    inherited.add(linux.pidfd_open(container.pid, 0))
    if (facts.join.how === 'clone') inherited.open(facts.join.directory)
    const { monitor, streams } = await launch(compileExec(id, spec, facts), {
      name: `${id} exec`,
      stdin: spec.stdin,
      terminal: spec.terminal,
      inherit: inherited.fds,
      ...(attach && { attach }),
    })
    return this.#hold(new MonitoredProcess(monitor, cgroup, streams))
  }

  async adopt(spec: ContainerSpec): Promise<Adopted> {
    const { id, stateDir } = spec
    const cgroup = this.#cgroups.cgroup(id)
    const monitor = await connectMonitor(`${this.#directory}/${id}`)
    if (monitor) {
      const container = this.#hold(new MonitoredContainer(monitor, cgroup, { ownPids: ownPids(spec) }))
      this.#ids.set(container, id)
      return { status: 'running', container }
    }
    const record = await readExitRecord(stateDir)
    if (!record) return { status: 'lost' }
    const { status, finishedAt } = record
    return { status: 'exited', exit: { exitCode: exitCodeOf(status), oomKilled: cgroup.oomKills() > 0, finishedAt } }
  }

  async release(containerId: string): Promise<void> {
    await this.#cgroups.cgroup(containerId).remove()
    rmSync(`${this.#directory}/${containerId}`, { recursive: true, force: true })
  }

  async removeUnknown(knownContainerIds: readonly string[]): Promise<readonly string[]> {
    const left = new Set([...this.#cgroups.containerIds(), ...readdirSync(this.#directory)])
    const unknown = [...left.difference(new Set(knownContainerIds))]
    await Promise.all(unknown.map(id => this.release(id)))
    return unknown
  }

  close(): void {
    for (const process of this.#processes) process.detach()
    this.#processes.clear()
  }

  #hold<Held extends MonitoredProcess>(process: Held): Held {
    this.#processes.add(process)
    void process.exited.then(() => this.#processes.delete(process))
    return process
  }
}

const ownPids = ({ namespaces }: ContainerSpec) => namespaces.pid === 'private'

async function createCgroup(cgroup: Cgroup, spec: ContainerSpec): Promise<void> {
  const rules = deviceRules(spec)
  try {
    cgroup.create(rules)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // Left by an engine that died in the middle of a launch.
    await cgroup.remove()
    cgroup.create(rules)
  }
}

/** Descriptors for a launch program, closed here once the monitor has them. */
class InheritedDescriptors implements Disposable {
  readonly fds: number[] = []

  add(fd: number): void {
    this.fds.push(fd)
  }

  open(directory: string): void {
    this.add(openSync(directory, O.PATH | O.DIRECTORY | O.CLOEXEC))
  }

  [Symbol.dispose](): void {
    for (const fd of this.fds) closeSync(fd)
  }
}
