/**
 * What the runtime is asked to run. The field names are those of the OCI runtime specification (config.md and
 * config-linux.md) where it has the thing; units are given where they are not obvious. Everything here is resolved:
 * no image references, no user names, no volume names.
 */

/** The root file system: an overlay of `lowerdirs`, the uppermost first, beneath one writable layer. */
export interface RootSpec {
  readonly lowerdirs: readonly string[]
  /** Directory that holds `upper` and `work` of the writable layer; made by the caller. */
  readonly writableLayer: string
  readonly readonly: boolean
}

/** A mount, in the order in which it is to be made. `destination` is a path within the container. */
export type MountSpec =
  | {
      readonly type: 'bind'
      /** A directory or a file of the host; it must exist. */
      readonly source: string
      /** What of it: a path, no link of which leads out of the source. */
      readonly subpath?: string
      /** The owners of its files are the container's ids, not the host's; only of interest in a user namespace. */
      readonly owned?: boolean
      readonly destination: string
      readonly readonly: boolean
      /** mount_namespaces(7); `rprivate` if absent. */
      readonly propagation?: 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared'
      /** False: submounts of the source are left out. */
      readonly recursive?: boolean
      /** Flags of mount_setattr(2) besides. */
      readonly attributes?: readonly ('nosuid' | 'nodev' | 'noexec')[]
      /** False: of a read-only one, submounts of the source are as they are on the host. */
      readonly readonlySubmounts?: boolean
    }
  /** A path of another tree of layers, links followed within that tree. */
  | {
      readonly type: 'overlay'
      readonly layers: Omit<RootSpec, 'readonly'>
      /** A directory or a file in it. */
      readonly source: string
      readonly destination: string
      readonly readonly: boolean
    }
  | {
      readonly type: 'tmpfs'
      readonly destination: string
      readonly readonly: boolean
      /** tmpfs(5) options such as `size=64m`, `mode=1777`, and mount flags such as `noexec`. */
      readonly options: readonly string[]
    }

/** A device node to make under the container's /dev, allowed in its device cgroup. */
export interface DeviceSpec {
  readonly path: string
  readonly type: 'c' | 'b'
  readonly major: number
  readonly minor: number
  readonly fileMode: number
  readonly uid: number
  readonly gid: number
  /** Any of `rwm`, for the device cgroup; empty: nothing is allowed. */
  readonly access: string
}

/** A rule of the device cgroup; `-1` is any number. */
export interface DeviceRule {
  readonly allow: boolean
  readonly type: 'a' | 'b' | 'c'
  readonly major: number
  readonly minor: number
  readonly access: string
}

export interface Rlimit {
  /** `RLIMIT_NOFILE` and the like, getrlimit(2). */
  readonly type: string
  readonly soft: number
  /** -1 is RLIM_INFINITY, for both. */
  readonly hard: number
}

/** A program to run: the container's own, or one that joins it. */
export interface ProcessSpec {
  /** The first item is looked up in PATH of `env`, within the container, unless it holds a slash. */
  readonly args: readonly string[]
  /** `NAME=value`. */
  readonly env: readonly string[]
  readonly cwd: string
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] }
  readonly terminal: boolean
  /** rows and columns of the terminal */
  readonly consoleSize?: { readonly height: number; readonly width: number }
  /** False: standard input is /dev/null. */
  readonly stdin: boolean
  /** Names such as `CAP_CHOWN`; the bounding, permitted and effective sets of a root process. */
  readonly capabilities: readonly string[]
  readonly noNewPrivileges: boolean
  /** An AppArmor profile that is loaded; absent: unconfined, or as the engine is. */
  readonly apparmorProfile?: string
  readonly rlimits: readonly Rlimit[]
  readonly oomScoreAdj?: number
  /** Absent: the default allow-list. `unconfined`: no filter. Otherwise a profile in Docker's JSON form. */
  readonly seccomp?: 'unconfined' | SeccompProfile
}

/** The format of Docker's seccomp profiles (moby profiles/seccomp/default.json). */
export interface SeccompProfile {
  readonly defaultAction: string
  readonly defaultErrnoRet?: number
  readonly architectures?: readonly string[]
  readonly archMap?: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] | null }[]
  readonly syscalls: readonly SeccompRule[]
}
export interface SeccompRule {
  readonly names: readonly string[]
  readonly action: string
  readonly errnoRet?: number
  readonly args?: readonly {
    readonly index: number
    readonly value: number
    readonly valueTwo?: number
    readonly op: string
  }[]
  readonly includes?: SeccompFilter
  readonly excludes?: SeccompFilter
}
export interface SeccompFilter {
  readonly caps?: readonly string[]
  readonly arches?: readonly string[]
  readonly minKernel?: string
}

/** Limits of a container's cgroup, from OCI config-linux.md "Control groups". Absent: unlimited. */
export interface ResourcesSpec {
  /** bytes */
  readonly memory?: {
    readonly limit?: number
    readonly reservation?: number
    /** memory and swap together, as in Docker; -1: unlimited */
    readonly swap?: number
    readonly swappiness?: number
    /** Buffers of TCP in the kernel. */
    readonly kernelTCP?: number
    readonly disableOOMKiller?: boolean
  }
  readonly cpu?: {
    readonly shares?: number
    /** microseconds in each `period` */
    readonly quota?: number
    readonly period?: number
    readonly realtimeRuntime?: number
    readonly realtimePeriod?: number
    readonly cpus?: string
    readonly mems?: string
  }
  readonly pids?: { readonly limit: number }
  readonly blockIO?: {
    readonly weight?: number
    readonly weightDevice?: readonly { readonly major: number; readonly minor: number; readonly weight: number }[]
    readonly throttleReadBpsDevice?: readonly ThrottleDevice[]
    readonly throttleWriteBpsDevice?: readonly ThrottleDevice[]
    readonly throttleReadIOPSDevice?: readonly ThrottleDevice[]
    readonly throttleWriteIOPSDevice?: readonly ThrottleDevice[]
  }
  readonly devices?: readonly DeviceRule[]
}
export interface ThrottleDevice {
  readonly major: number
  readonly minor: number
  readonly rate: number
}

/** Which namespace of a kind a container gets: a new one, the host's, or that behind a path such as /proc/PID/ns/ipc. */
export type NamespaceChoice = 'private' | 'host' | { readonly path: string }

export interface NamespacesSpec {
  readonly pid: NamespaceChoice
  readonly ipc: NamespaceChoice
  readonly uts: NamespaceChoice
  readonly cgroup: NamespaceChoice
  /**
   * A namespace with networks is made by the network layer beforehand and given as a path; a private one has nothing
   * but `lo`.
   */
  readonly network: NamespaceChoice
}

/** A line of /proc/PID/uid_map, user_namespaces(7). */
export interface IdMapping {
  readonly containerID: number
  readonly hostID: number
  readonly size: number
}

/** Who the users and groups of a container are on the host. */
export interface UserNamespaceSpec {
  readonly uidMappings: readonly IdMapping[]
  readonly gidMappings: readonly IdMapping[]
}

/** Where a container's output goes. Sizes in bytes; the newest file is `log`, older ones `log.1`, `log.2`, ... */
export interface LogSpec {
  readonly driver: 'file' | 'none'
  readonly maxSize: number
  readonly maxFiles: number
}

/** A container, ready to be launched. */
export interface ContainerSpec {
  /** 64 hex digits. */
  readonly id: string
  readonly hostname: string
  readonly domainname?: string
  readonly root: RootSpec
  readonly mounts: readonly MountSpec[]
  readonly process: ProcessSpec
  /** True: PID 1 is the built-in reaper, which forwards signals to the process. */
  readonly init: boolean
  readonly namespaces: NamespacesSpec
  /** Absent: that of the host. */
  readonly userNamespace?: UserNamespaceSpec
  readonly resources: ResourcesSpec
  /** The cgroup that its own is made in: a path below the root of each hierarchy. Empty: at that root. */
  readonly cgroupParent: string
  readonly devices: readonly DeviceSpec[]
  /** True: all of the host's devices, nothing masked or read-only, a writable cgroup tree. */
  readonly privileged: boolean
  readonly maskedPaths: readonly string[]
  readonly readonlyPaths: readonly string[]
  /** e.g. `net.core.somaxconn` */
  readonly sysctl: Readonly<Record<string, string>>
  /** bytes */
  readonly shmSize: number
  readonly log: LogSpec
  /** A directory of the data root that survives a restart of the machine: the log and the exit record are there. */
  readonly stateDir: string
}
