import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { StatsReader } from '../runtime.ts'
import type { DeviceRule, ResourcesSpec } from '../spec.ts'
import type { Cgroup, CgroupJoin, CgroupView } from './cgroup.ts'
import { formatDeviceRule } from './device-rules.ts'
import { effectiveV1 } from './effective-v1.ts'
import type { Hierarchy } from './hierarchies.ts'
import { idleWeightWarnings } from './io-weight.ts'
import { limitsV1 } from './limits-v1.ts'
import { statsReader } from './open-files.ts'
import type { CgroupPlace } from './parents.ts'
import { firstText } from './read-back.ts'
import { applySettings, type CgroupFiles } from './setting.ts'
import { statsV1 } from './stats-v1.ts'
import { busy, killAll, parseKeyed, readCount, readPids, settle, tryRemove, withNested } from './tree.ts'

/** How long processes may take to die or to freeze. One in an uninterruptible wait, say for a disk, can take long. */
const patienceMs = 5000

/** A container's directory in each hierarchy of cgroups v1, cgroups(7). */
export class CgroupV1 implements Cgroup, CgroupFiles {
  readonly #hierarchies: readonly Hierarchy[]
  readonly #place: CgroupPlace
  readonly name: string

  constructor(hierarchies: readonly Hierarchy[], place: CgroupPlace) {
    this.#hierarchies = hierarchies
    this.#place = place
    this.name = join(place.parent, place.name)
  }

  get join(): CgroupJoin {
    // `tasks`, not `cgroup.procs`: to move the calling thread alone the kernel need not wait until no process of the
    // whole machine is in the middle of a fork or an exit, which takes 5 ms.
    return { how: 'write', files: this.#directories.map(directory => `${directory}/tasks`) }
  }

  get view(): CgroupView {
    const named = this.#hierarchies.map(({ mountPoint, controllers }) => ({
      name: controllers.map(controller => controller.replace(/^name=/, '')).join(),
      directory: `${mountPoint}/${this.name}`,
      controllers,
    }))
    const shared = named.filter(({ controllers }) => controllers.length > 1)
    return {
      version: 1,
      hierarchies: named.map(({ name, directory }) => ({ name, directory })),
      links: shared.flatMap(({ name, controllers }) => controllers.map(link => ({ name: link, target: name }))),
    }
  }

  create(devices: readonly DeviceRule[]): void {
    const { parents, parent } = this.#place
    for (const { mountPoint, controllers } of this.#hierarchies)
      parents.make(mountPoint, parent, above => controllers.includes('cpuset') && inheritCpuset(above))
    for (const directory of this.#directories) mkdirSync(directory, 0o755)
    const cpuset = this.#directoryOf('cpuset')
    if (cpuset) inheritCpuset(cpuset)
    if (this.#directoryOf('devices')) this.#restrictDevices(devices)
  }

  apply(resources: ResourcesSpec): readonly string[] {
    // Kernels before 5.0 have a scheduler that heeds the weight by itself, and a file of its own for it.
    const hasCfq = firstText(this, 'blkio', 'blkio.weight') !== undefined
    return [...applySettings(this, limitsV1(resources)), ...(hasCfq ? [] : idleWeightWarnings(resources, 'blkio'))]
  }

  effective(asked: ResourcesSpec): ResourcesSpec {
    return effectiveV1(this, asked)
  }

  pids(): readonly number[] {
    const pids = this.#directories
      .slice(0, 1)
      .flatMap(withNested)
      .flatMap(each => readPids(`${each}/cgroup.procs`))
    return [...new Set(pids)]
  }

  async freeze(): Promise<void> {
    // The state is FREEZING until the last process has stopped; writing it again has the kernel look again.
    const frozen = () => {
      this.write('freezer', 'freezer.state', 'FROZEN')
      return this.read('freezer', 'freezer.state').trim() === 'FROZEN'
    }
    if (await settle(frozen, patienceMs)) return
    await this.thaw()
    throw busy('the freezer controller cannot stop them')
  }

  async thaw(): Promise<void> {
    this.write('freezer', 'freezer.state', 'THAWED')
  }

  openStats(): StatsReader {
    return statsReader((controller, file) => this.#path(controller, file), statsV1)
  }

  oomKills(): number {
    try {
      return parseKeyed(this.read('memory', 'memory.oom_control')).oom_kill ?? 0
    } catch {
      return 0 // no memory controller, or no cgroup any more
    }
  }

  memoryPeak(): number | undefined {
    return readCount(() => this.read('memory', 'memory.max_usage_in_bytes'))
  }

  kill(): void {
    killAll(this.pids())
    // What is frozen takes the signal only once it is thawed.
    if (this.#exists('freezer')) this.write('freezer', 'freezer.state', 'THAWED')
  }

  async remove(): Promise<void> {
    const gone = () => this.#directories.map(tryRemove).every(Boolean)
    if (gone()) return
    const goneAfterKill = () => {
      // Once more each time: a process may have forked while the list was read.
      for (const each of this.#directories.flatMap(withNested)) killAll(readPids(`${each}/cgroup.procs`))
      return gone()
    }
    if (this.#exists('freezer')) await this.thaw()
    if (!(await settle(goneAfterKill, patienceMs))) throw busy(`cgroup ${this.name} cannot be removed`)
  }

  read(controller: string, file: string): string {
    return readFileSync(this.#path(controller, file), 'utf8')
  }

  write(controller: string, file: string, value: string): void {
    // No O_CREAT and no O_TRUNC: a file that is not there is to be ENOENT, not the EACCES of trying to make one.
    writeFileSync(this.#path(controller, file), value, { flag: 'r+' })
  }

  get #directories(): readonly string[] {
    return this.#hierarchies.map(({ mountPoint }) => `${mountPoint}/${this.name}`)
  }

  #directoryOf(controller: string): string | undefined {
    const hierarchy = this.#hierarchies.find(({ controllers }) => controllers.includes(controller))
    return hierarchy && `${hierarchy.mountPoint}/${this.name}`
  }

  #path(controller: string, file: string): string {
    // A controller that is nowhere mounted answers like a file that does not exist.
    return `${this.#directoryOf(controller) ?? '/nonexistent'}/${file}`
  }

  #exists(controller: string): boolean {
    const directory = this.#directoryOf(controller)
    return directory !== undefined && withNested(directory).length > 0
  }

  #restrictDevices(rules: readonly DeviceRule[]): void {
    using files = new DisposableStack()
    const open = (file: string) => {
      const fd = openSync(this.#path('devices', file), 'r+')
      files.defer(() => closeSync(fd))
      return fd
    }
    const [allow, deny] = [open('devices.allow'), open('devices.deny')]
    for (const rule of rules) writeSync(rule.allow ? allow : deny, formatDeviceRule(rule))
  }
}

/** A new cpuset is empty, and nothing can join it, until it is given CPUs and memory nodes. */
function inheritCpuset(directory: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readFileSync(`${directory}/${file}`, 'utf8').trim() !== '') continue
    writeFileSync(`${directory}/${file}`, readFileSync(`${dirname(directory)}/${file}`, 'utf8').trim(), { flag: 'r+' })
  }
}
