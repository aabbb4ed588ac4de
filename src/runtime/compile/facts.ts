import type { CgroupJoin, CgroupView } from '../cgroup/cgroup.ts'
import type { DeviceSpec, MountSpec, UserNamespaceSpec } from '../spec.ts'

/** What a launch program depends on beside the specification: the machine at that moment, looked at beforehand. */
export interface ProcessFacts {
  readonly join: CgroupJoin
  /** The compiled seccomp filter; undefined: none. */
  readonly seccomp: Uint8Array | undefined
  /** The AppArmor profile, and the file of procfs that takes its name; undefined: none. */
  readonly confinement: { readonly file: string; readonly profile: string } | undefined
  /** Undefined: the host's user namespace. */
  readonly user: UserFacts | undefined
  /** The greatest capability of this kernel, /proc/sys/kernel/cap_last_cap. */
  readonly lastCapability: number
  /** Limits as they are to be set, which may be less than was asked for. */
  readonly rlimits: readonly EffectiveRlimit[]
  /** Undefined: the one it inherits is right. */
  readonly oomScoreAdj: number | undefined
}

/** The user namespace a process ends up in. */
export interface UserFacts extends UserNamespaceSpec {
  /** Where it can be opened, in the host's view. */
  readonly path: string
}

export interface EffectiveRlimit {
  /** `RLIMIT_NOFILE` */
  readonly type: string
  /** getrlimit(2), the constant */
  readonly resource: number
  readonly soft: bigint
  readonly hard: bigint
}

export interface ContainerFacts extends ProcessFacts {
  readonly view: CgroupView
  readonly mounts: readonly PlacedMount[]
  /** All nodes of the container's /dev. */
  readonly devices: readonly DeviceSpec[]
  readonly masks: readonly Mask[]
  /** Options that switch off features of overlayfs that the machine has switched on. */
  readonly overlayOptions: readonly string[]
}

/** A path to hide. Of paths in procfs and sysfs it is known what they are: they look alike in every container. */
export interface Mask {
  readonly path: string
  readonly kind: 'directory' | 'file' | 'unknown'
}

/** A mount and what is known of its two ends. */
export interface PlacedMount {
  readonly mount: MountSpec
  readonly kind: 'directory' | 'file'
  /** The destination with symbolic links of the image followed: where a missing mountpoint is to be made. */
  readonly mountpoint: string
}
