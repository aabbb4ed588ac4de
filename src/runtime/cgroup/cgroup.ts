import type { StatsReader } from '../runtime.ts'
import type { DeviceRule, ResourcesSpec } from '../spec.ts'

/** How a launch program puts its process into a cgroup. */
export type CgroupJoin =
  /** v1: writing `0` to each of these moves the calling thread, which is all there is of a process just cloned. */
  | { readonly how: 'write'; readonly files: readonly string[] }
  /** v2: CLONE_INTO_CGROUP with a descriptor of this directory. */
  | { readonly how: 'clone'; readonly directory: string }

/** What a container sees at /sys/fs/cgroup. */
export type CgroupView =
  | { readonly version: 2 }
  | {
      readonly version: 1
      /** Each hierarchy by its name at /sys/fs/cgroup (`cpu,cpuacct`), with the container's own directory in it. */
      readonly hierarchies: readonly { readonly name: string; readonly directory: string }[]
      /** `cpu` -> `cpu,cpuacct` where a hierarchy has several controllers. */
      readonly links: readonly { readonly name: string; readonly target: string }[]
    }

/**
 * The cgroup of one container, in all hierarchies. Calls read and write files of the kernel, which answer in
 * microseconds; only what waits for processes is asynchronous.
 */
export interface Cgroup {
  /** The path of its directories in their hierarchies, which is unique on this machine. */
  readonly name: string
  readonly join: CgroupJoin
  readonly view: CgroupView
  /** Makes the directories and puts the device rules in place. @throws EEXIST if an earlier launch left some */
  create(devices: readonly DeviceRule[]): void
  /**
   * Sets limits, and reads them back. @returns one warning for each limit the machine cannot apply
   * @throws TscomposeError RUNTIME_LIMIT_REFUSED where the kernel knows the limit but refuses the value
   */
  apply(resources: ResourcesSpec): readonly string[]
  /** What the kernel says of these limits; those it does not have are left out. */
  effective(asked: ResourcesSpec): ResourcesSpec
  /** Processes in it, threads and nested cgroups included, in the reader's pid namespace. */
  pids(): readonly number[]
  freeze(): Promise<void>
  thaw(): Promise<void>
  openStats(): StatsReader
  /** How many of its processes the kernel has killed for want of memory. */
  oomKills(): number
  /** The most memory it has had, in bytes; undefined where the kernel does not tell. */
  memoryPeak(): number | undefined
  /** Sends SIGKILL to whatever is in it, frozen or not. */
  kill(): void
  /** Kills what is left in it and removes the directories, nested ones too. Idempotent. */
  remove(): Promise<void>
}

/** All cgroups of one engine. */
export interface Cgroups {
  readonly version: 1 | 2
  /** @param parent the cgroup it is in, a path below the root of each hierarchy; empty: where it is unasked */
  cgroup(containerId: string, parent: string): Cgroup
  /** Ids of the containers that have a cgroup where they are unasked, also those an earlier engine left. */
  containerIds(): readonly string[]
}
