import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StatsReader } from '../runtime.ts'
import type { DeviceRule, ResourcesSpec } from '../spec.ts'
import type { Cgroup, CgroupJoin, CgroupView } from './cgroup.ts'
import { enableControllers } from './controllers-v2.ts'
import { attachDeviceProgram } from './device-program.ts'
import { effectiveV2 } from './effective-v2.ts'
import { idleWeightWarnings } from './io-weight.ts'
import { limitsV2 } from './limits-v2.ts'
import { statsReader } from './open-files.ts'
import type { CgroupPlace } from './parents.ts'
import { firstText } from './read-back.ts'
import { applySettings, type CgroupFiles } from './setting.ts'
import { statsV2 } from './stats-v2.ts'
import { busy, killAll, parseKeyed, readCount, readPids, settle, tryRemove, withNested } from './tree.ts'

const patienceMs = 5000

/** A container's directory in the tree of cgroups v2, cgroups(7). */
export class CgroupV2 implements Cgroup, CgroupFiles {
  readonly name: string
  readonly #root: string
  readonly #place: CgroupPlace
  readonly #directory: string

  constructor(root: string, place: CgroupPlace) {
    this.#root = root
    this.#place = place
    this.name = join(place.parent, place.name)
    this.#directory = join(root, this.name)
  }

  get join(): CgroupJoin {
    return { how: 'clone', directory: this.#directory }
  }

  get view(): CgroupView {
    return { version: 2 }
  }

  create(devices: readonly DeviceRule[]): void {
    // Each time: while nothing is in there, others may take controllers away again.
    enableControllers(this.#root)
    this.#place.parents.make(this.#root, this.#place.parent, enableControllers)
    mkdirSync(this.#directory, 0o755)
    if (devices.every(({ allow, type }) => allow && type === 'a')) return
    const fd = openSync(this.#directory, 'r')
    try {
      attachDeviceProgram(fd, devices)
    } finally {
      closeSync(fd)
    }
  }

  apply(resources: ResourcesSpec): readonly string[] {
    const { settings, warnings } = limitsV2(resources)
    const idle = idleWeightWarnings(resources, 'io', firstText(this, '', '../io.cost.qos'))
    return [...warnings, ...applySettings(this, settings), ...idle]
  }

  effective(asked: ResourcesSpec): ResourcesSpec {
    return effectiveV2(this, asked)
  }

  pids(): readonly number[] {
    return withNested(this.#directory).flatMap(each => readPids(`${each}/cgroup.procs`))
  }

  async freeze(): Promise<void> {
    this.write('', 'cgroup.freeze', '1')
    const frozen = () => parseKeyed(this.read('', 'cgroup.events')).frozen === 1
    if (await settle(frozen, patienceMs)) return
    await this.thaw()
    throw busy('the kernel cannot freeze them')
  }

  async thaw(): Promise<void> {
    this.write('', 'cgroup.freeze', '0')
  }

  openStats(): StatsReader {
    return statsReader((controller, file) => this.#path(controller, file), statsV2)
  }

  oomKills(): number {
    try {
      return parseKeyed(this.read('', 'memory.events')).oom_kill ?? 0
    } catch {
      return 0 // no memory controller, or no cgroup any more
    }
  }

  memoryPeak(): number | undefined {
    return readCount(() => this.read('', 'memory.peak')) // since Linux 5.19
  }

  kill(): void {
    try {
      this.write('', 'cgroup.kill', '1')
    } catch (error) {
      // Linux 5.14 has it; before that each process is killed by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      killAll(this.pids())
    }
  }

  async remove(): Promise<void> {
    const gone = () => tryRemove(this.#directory)
    if (gone()) return
    const goneAfterKill = () => {
      this.kill()
      return gone()
    }
    if (!(await settle(goneAfterKill, patienceMs))) throw busy(`cgroup ${this.#directory} cannot be removed`)
  }

  read(controller: string, file: string): string {
    return readFileSync(this.#path(controller, file), 'utf8')
  }

  write(controller: string, file: string, value: string): void {
    writeFileSync(this.#path(controller, file), value, { flag: 'r+' })
  }

  /** All controllers have their files in one directory. */
  #path(_controller: string, file: string): string {
    return `${this.#directory}/${file}`
  }
}
