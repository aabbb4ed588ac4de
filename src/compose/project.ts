import type { Where } from '../errors.ts'

/**
 * A loaded Compose project: merged, interpolated, validated and normalised. The names are those of the Compose file in
 * camel case; every short syntax has become its long form. Durations are milliseconds, sizes bytes.
 */

/**
 * Where in the user's files a value came from, by its path in the file's own words (`services.web.ports.0`,
 * `services.web.stop_signal`): the value itself, or the nearest thing around it that is in a file.
 */
export interface Origins {
  get(path: string): Where | undefined
}

/** The project in the file's own words, every attribute in its long form: what `config` prints and hashes are made of. */
export interface CanonicalProject {
  readonly name: string
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly networks: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly volumes: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly secrets: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly configs: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly models: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Top-level attributes that begin with `x-`. */
  readonly extensions: Readonly<Record<string, unknown>>
}

export interface Project {
  readonly name: string
  /** Base of relative paths; absolute. */
  readonly workingDir: string
  /** Absolute, in the order they were merged. */
  readonly composeFiles: readonly string[]
  /** What `${VARIABLES}` were taken from: the shell's environment over `.env`. */
  readonly environment: Readonly<Record<string, string>>
  readonly profiles: readonly string[]
  /** Enabled services only. */
  readonly services: Readonly<Record<string, Service>>
  /** Services that the active profiles leave out. */
  readonly disabledServices: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, ProjectNetwork>>
  readonly volumes: Readonly<Record<string, ProjectVolume>>
  readonly secrets: Readonly<Record<string, FileObject>>
  readonly configs: Readonly<Record<string, FileObject>>
  readonly models: Readonly<Record<string, ProjectModel>>
  /** Env files of `--env-file`; absolute. Empty where `.env` was read. */
  readonly environmentFiles: readonly string[]
  readonly origins: Origins
  /** Enabled services and what they use. */
  readonly canonical: CanonicalProject
}

export interface Dependency {
  readonly condition: 'service_started' | 'service_healthy' | 'service_completed_successfully'
  readonly restart: boolean
  readonly required: boolean
}

export interface ServicePort {
  readonly target: number
  /** A number or a range `from-to`; absent: chosen by the kernel. */
  readonly published?: string
  readonly hostIp?: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly mode?: string
  readonly name?: string
  readonly appProtocol?: string
}

export interface ServiceVolume {
  readonly type: 'bind' | 'volume' | 'tmpfs' | 'image' | 'npipe' | 'cluster'
  readonly source?: string
  readonly target: string
  readonly readOnly: boolean
  readonly consistency?: string
  readonly bind?: {
    readonly createHostPath: boolean
    readonly propagation?: string
    readonly recursive?: string
    readonly selinux?: string
  }
  readonly volume?: {
    readonly nocopy: boolean
    readonly subpath?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly tmpfs?: { readonly size?: number; readonly mode?: number }
  readonly image?: { readonly subpath?: string }
}

export interface HealthCheck {
  readonly test?: readonly string[]
  readonly interval?: number
  readonly timeout?: number
  readonly retries?: number
  readonly startPeriod?: number
  readonly startInterval?: number
  readonly disable: boolean
}

export interface ServiceNetwork {
  readonly aliases: readonly string[]
  readonly ipv4Address?: string
  readonly ipv6Address?: string
  readonly linkLocalIps: readonly string[]
  readonly macAddress?: string
  readonly interfaceName?: string
  readonly driverOpts: Readonly<Record<string, string>>
  readonly priority: number
  readonly gwPriority: number
}

/** A grant of a secret or a config to a service. */
export interface FileGrant {
  readonly source: string
  /** Absolute path in the container. */
  readonly target: string
  readonly uid?: string
  readonly gid?: string
  readonly mode?: number
}

export interface Hook {
  readonly command: readonly string[]
  readonly user?: string
  readonly privileged: boolean
  readonly workingDir?: string
  /** `NAME=value` */
  readonly environment: readonly string[]
  /** Of a pre_start hook, which has a container of its own. */
  readonly image?: string
  readonly perReplica?: boolean
}

export interface Service {
  readonly name: string
  readonly image?: string
  /** As in the canonical YAML form; the build layer reads it. */
  readonly build?: Readonly<Record<string, unknown>>
  readonly attach: boolean
  readonly command?: readonly string[] | null
  readonly entrypoint?: readonly string[] | null
  readonly containerName?: string
  readonly hostname?: string
  readonly domainname?: string
  readonly user?: string
  readonly groupAdd: readonly string[]
  readonly workingDir?: string
  /** A null value takes the image's variable away. */
  readonly environment: Readonly<Record<string, string | null>>
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly profiles: readonly string[]
  readonly platform?: string
  readonly pullPolicy?: string
  readonly dependsOn: Readonly<Record<string, Dependency>>
  readonly restart?: string
  readonly stopSignal?: string
  readonly stopGracePeriod?: number
  readonly healthcheck?: HealthCheck
  readonly preStart: readonly Hook[]
  readonly postStart: readonly Hook[]
  readonly preStop: readonly Hook[]
  readonly replicas: number
  readonly tty: boolean
  readonly stdinOpen: boolean
  readonly init?: boolean
  readonly privileged: boolean
  readonly readOnly: boolean
  readonly capAdd: readonly string[]
  readonly capDrop: readonly string[]
  readonly securityOpt: readonly string[]
  readonly sysctls: Readonly<Record<string, string>>
  readonly ulimits: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>
  readonly shmSize?: number
  readonly ipc?: string
  readonly pid?: string
  readonly uts?: string
  readonly userns?: string
  readonly cgroup?: string
  readonly cgroupParent?: string
  readonly networkMode?: string
  /** Empty where `networkMode` is set. */
  readonly networks: Readonly<Record<string, ServiceNetwork>>
  readonly macAddress?: string
  readonly ports: readonly ServicePort[]
  readonly expose: readonly string[]
  readonly links: readonly string[]
  readonly externalLinks: readonly string[]
  /** `host=address`, one for each address. */
  readonly extraHosts: readonly string[]
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly dnsOpt: readonly string[]
  readonly volumes: readonly ServiceVolume[]
  readonly volumesFrom: readonly string[]
  /** `path[:options]` */
  readonly tmpfs: readonly string[]
  readonly secrets: readonly FileGrant[]
  readonly configs: readonly FileGrant[]
  readonly devices: readonly { readonly source: string; readonly target: string; readonly permissions: string }[]
  readonly deviceCgroupRules: readonly string[]
  readonly storageOpt: Readonly<Record<string, string>>
  readonly logging?: { readonly driver?: string; readonly options: Readonly<Record<string, string>> }
  readonly runtime?: string
  readonly oomKillDisable?: boolean
  readonly oomScoreAdj?: number
  /** Limits from the service's own attributes and from `deploy.resources`, which docker compose treats alike. */
  readonly resources: {
    readonly memory?: number
    readonly memoryReservation?: number
    readonly memorySwap?: number
    readonly memorySwappiness?: number
    readonly nanoCpus?: number
    readonly cpuShares?: number
    readonly cpuPeriod?: number
    readonly cpuQuota?: number
    readonly cpuRealtimePeriod?: number
    readonly cpuRealtimeRuntime?: number
    readonly cpusetCpus?: string
    readonly pids?: number
    readonly blkio?: Readonly<Record<string, unknown>>
  }
  /**
   * The service as docker compose hashes and prints it: the canonical YAML form. The configuration hash is made of it,
   * and `develop`, `deploy` and extensions are found here.
   */
  readonly canonical: Readonly<Record<string, unknown>>
}

export interface ProjectNetwork {
  readonly key: string
  /** The engine's name: `<project>_<key>` unless the file names it. */
  readonly name: string
  readonly external: boolean
  readonly driver?: string
  readonly driverOpts: Readonly<Record<string, string>>
  readonly internal: boolean
  readonly attachable: boolean
  readonly enableIPv4?: boolean
  readonly enableIPv6?: boolean
  readonly ipam?: {
    readonly driver?: string
    readonly config: readonly {
      readonly subnet?: string
      readonly ipRange?: string
      readonly gateway?: string
      readonly auxAddresses?: Readonly<Record<string, string>>
    }[]
    readonly options: Readonly<Record<string, string>>
  }
  readonly labels: Readonly<Record<string, string>>
}

export interface ProjectVolume {
  readonly key: string
  readonly name: string
  readonly external: boolean
  readonly driver?: string
  readonly driverOpts: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
}

/** A top-level secret or config; exactly one of `file`, `environment`, `content` unless it is external. */
export interface FileObject {
  readonly key: string
  readonly name: string
  readonly external: boolean
  /** Absolute path. */
  readonly file?: string
  readonly environment?: string
  readonly content?: string
  readonly driver?: string
  readonly templateDriver?: string
  readonly labels: Readonly<Record<string, string>>
}

/** A top-level AI model. */
export interface ProjectModel {
  readonly key: string
  readonly name?: string
  readonly model: string
  readonly contextSize?: number
  readonly runtimeFlags: readonly string[]
}
