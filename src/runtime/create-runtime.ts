import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, realpathSync, rmdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TscomposeError } from '../errors.ts'
import { O } from '../sys/constants.ts'
import type { Cgroup } from './cgroup/cgroup.ts'
import { openCgroups } from './cgroup/cgroups.ts'
import { deviceRules } from './cgroup/device-rules.ts'
import { engineGroup } from './cgroup/own-cgroup.ts'
import { CgroupParents } from './cgroup/parents.ts'
import { compileContainer } from './compile/container.ts'
import { compileExec } from './compile/exec.ts'
import { namespacesOfMonitor } from './compile/namespaces.ts'
import { readExitRecord } from './exit-record.ts'
import { launch } from './launch.ts'
import { keepLookout } from './lookout.ts'
import { connectMonitor } from './monitor.ts'
import { prepareContainer, prepareProcess } from './prepare/prepare.ts'
import { exitCodeOf } from './protocol.ts'
import { MonitoredContainer, MonitoredProcess, wantOfMemory } from './running.ts'
import type {
  Adopted,
  AttachStreams,
  ExitStatus,
  Launched,
  RunningContainer,
  RunningProcess,
  Runtime,
} from './runtime.ts'
import type { ContainerSpec, ProcessSpec, ResourcesSpec } from './spec.ts'
import { UserNamespaces } from './user-namespace.ts'

/** How long a monitor may take to finish its log once all processes of its container have gone. */
const MONITOR_PATIENCE_MS = 2000

/** A project has a handful of different limits. */
const MANY_REHEARSALS = 200

export interface RuntimeOptions {
  /** Run-time directory of the engine; the monitors' sockets are in `containers/ID/` beneath it. */
  readonly runDir: string
}

/** The runtime of one engine: engines with different run directories do not see each other's containers. */
export function createRuntime({ runDir }: RuntimeOptions): Runtime {
  mkdirSync(`${runDir}/containers`, { recursive: true, mode: 0o700 })
  const directory = `${realpathSync(runDir)}/containers`
  const parents = new CgroupParents(directory)
  return new LocalRuntime(directory, openCgroups(engineGroup(runDir), parents), parents)
}

class LocalRuntime implements Runtime {
  readonly #directory: string
  readonly #cgroups: ReturnType<typeof openCgroups>
  readonly #parents: CgroupParents
  readonly #users = new UserNamespaces()
  readonly #processes = new Set<MonitoredProcess>()
  /** The warnings of limits, which are the same as long as the machine is. */
  readonly #rehearsed = new Map<string, readonly string[]>()
  /** Of the containers that have not been released. */
  readonly #exits = new Map<string, Promise<ExitStatus>>()
  /** Of the containers whose monitors have not ended. */
  readonly #monitors = new Map<string, Promise<unknown>>()

  constructor(directory: string, cgroups: ReturnType<typeof openCgroups>, parents: CgroupParents) {
    this.#directory = directory
    this.#cgroups = cgroups
    this.#parents = parents
  }

  async launch(given: ContainerSpec, attach?: AttachStreams, nameServer?: number): Promise<Launched> {
    const { id, stateDir, log, process, namespaces, userNamespace } = given
    const cgroup = this.#cgroups.cgroup(id, given.cgroupParent)
    const user = userNamespace && { ...userNamespace, path: await this.#users.pathOf(userNamespace) }
    // Its root is mounted until then, and no two overlays may have one writable layer.
    await this.#monitors.get(id)
    await using undo = new AsyncDisposableStack()
    undo.defer(() => this.release(id))
    const runDir = `${this.#directory}/${id}`
    mkdirSync(runDir, { recursive: true, mode: 0o700 })
    this.#parents.note(id, given.cgroupParent)
    using inherited = new InheritedDescriptors()
    const warnings: string[] = []
    const limit = async () => {
      await createCgroup(cgroup, given)
      warnings.push(...cgroup.apply(given.resources))
    }
    const { join } = cgroup
    if (join.how === 'clone') {
      await limit() // the monitor inherits what the container is cloned into
      inherited.open(join.directory)
    }
    const compile = async () => {
      const prepared = prepareContainer(given, cgroup, user)
      warnings.push(...prepared.warnings)
      if (join.how === 'write') await limit()
      return compileContainer(prepared.spec, prepared.facts)
    }
    const { monitor, streams } = await launch(compile, {
      name: id,
      runDir,
      stateDir,
      ...(log.driver === 'file' && { log }),
      stdin: process.stdin,
      terminal: process.terminal,
      inherit: inherited.fds,
      ...(given.init && { env: process.env }),
      unshare: namespacesOfMonitor(namespaces),
      ...(attach && { attach }),
      ...(nameServer !== undefined && { nameServer }),
    })
    undo.move()
    return { container: this.#hold(new MonitoredContainer(monitor, cgroup, given, streams)), warnings }
  }

  rehearse(resources: ResourcesSpec): readonly string[] {
    const key = JSON.stringify(resources)
    const known = this.#rehearsed.get(key)
    if (known) return known
    // A name like that of a container: the next engine takes it for one and removes it, should this one die here.
    const cgroup = this.#cgroups.cgroup(`rehearsal-${randomBytes(8).toString('hex')}`, '')
    try {
      cgroup.create([])
      const warnings = cgroup.apply(resources)
      if (this.#rehearsed.size >= MANY_REHEARSALS) this.#rehearsed.clear()
      this.#rehearsed.set(key, warnings)
      return warnings
    } finally {
      cgroup.remove().catch(() => {}) // without processes it goes at once
    }
  }

  async exec(container: RunningContainer, given: ProcessSpec, attach?: AttachStreams): Promise<RunningProcess> {
    if (!(container instanceof MonitoredContainer)) throw new TypeError('exec needs a container of this runtime')
    const { id, cgroup } = container
    if (container.pidfd === undefined)
      throw new TscomposeError('RUNTIME_LAUNCH_FAILED', `container ${id} is not running`)
    const { spec, facts } = prepareProcess(given, cgroup, container.userNamespace)
    using inherited = new InheritedDescriptors()
    if (facts.join.how === 'clone') inherited.open(facts.join.directory)
    const { monitor, streams } = await launch(() => compileExec(id, spec, facts), {
      name: `${id} exec`,
      stdin: spec.stdin,
      terminal: spec.terminal,
      inherit: [container.pidfd, ...inherited.fds],
      ...(attach && { attach }),
    })
    return this.#hold(new MonitoredProcess(monitor, cgroup, streams))
  }

  async adopt(spec: ContainerSpec): Promise<Adopted> {
    const { id, stateDir } = spec
    const cgroup = this.#cgroup(id)
    const monitor = await connectMonitor(`${this.#directory}/${id}`)
    if (monitor) return { status: 'running', container: this.#hold(new MonitoredContainer(monitor, cgroup, spec)) }
    const exit = await this.lastExit(id, stateDir)
    return exit ? { status: 'exited', exit } : { status: 'lost' }
  }

  async lastExit(id: string, stateDir: string): Promise<ExitStatus | undefined> {
    const record = await readExitRecord(stateDir)
    if (!record) return undefined
    const { status, finishedAt } = record
    return { exitCode: exitCodeOf(status), ...wantOfMemory(this.#cgroup(id)), finishedAt }
  }

  lookOut(containerId: string): Disposable {
    return keepLookout(dirname(this.#directory), containerId)
  }

  async release(containerId: string): Promise<void> {
    // Whoever removes the state directory next must not meet a monitor that is still writing there.
    const lastWords = this.#lastWords(containerId)
    const parent = this.#parents.of(containerId)
    await this.#cgroups.cgroup(containerId, parent).remove()
    if (parent) this.#parents.tidy()
    await Promise.race([lastWords, delay(MONITOR_PATIENCE_MS, undefined, { ref: false })])
    this.#exits.delete(containerId)
    removeRunDir(`${this.#directory}/${containerId}`)
  }

  /** That of a container which has been launched. */
  #cgroup(id: string): Cgroup {
    return this.#cgroups.cgroup(id, this.#parents.of(id))
  }

  /** Settles when the monitor of a container has written all that it will; at once if there is none. */
  async #lastWords(id: string): Promise<unknown> {
    const known = this.#exits.get(id)
    if (known) return await known
    const monitor = await connectMonitor(`${this.#directory}/${id}`).catch(() => undefined)
    return await monitor?.exited.catch(() => {})
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
    this.#users.close()
    this.#exits.clear()
    this.#parents.tidy()
  }

  #hold<Held extends MonitoredProcess>(process: Held): Held {
    this.#processes.add(process)
    if (process instanceof MonitoredContainer) {
      const { id, gone } = process
      this.#exits.set(id, process.exited)
      this.#monitors.set(id, gone)
      void gone.then(() => this.#monitors.get(id) === gone && this.#monitors.delete(id))
    }
    void process.exited.then(() => this.#processes.delete(process))
    return process
  }
}

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

function removeRunDir(directory: string): void {
  try {
    rmdirSync(directory) // a monitor that has ended left nothing in it
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') rmSync(directory, { recursive: true, force: true })
  }
}

/** Descriptors for a launch program, closed here once the monitor has them. */
class InheritedDescriptors implements Disposable {
  readonly fds: number[] = []

  open(directory: string): void {
    this.fds.push(openSync(directory, O.PATH | O.DIRECTORY | O.CLOEXEC))
  }

  [Symbol.dispose](): void {
    for (const fd of this.fds) closeSync(fd)
  }
}
