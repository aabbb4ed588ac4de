import type {
  ContainerSpec,
  DeviceSpec,
  MountSpec,
  NamespaceChoice,
  ProcessSpec,
  ResourcesSpec,
  RootSpec,
  UserNamespaceSpec,
} from '../../runtime/spec.ts'
import type { User } from '../../runtime/user.ts'
import type { ContainerConfig, HostConfig } from '../api.ts'
import type { EngineConfig } from '../config.ts'
import { invalid } from '../failures.ts'
import type { Machine } from '../system/machine.ts'
import { parseCgroupParent } from './cgroup-parent.ts'
import { processEnvironment } from './environment.ts'
import { usesInit } from './init.ts'
import { effectiveLogConfig, translateLog } from './log.ts'
import { commandLine } from './merge-config.ts'
import { byDepth } from './mount-request.ts'
import type { NamespaceModes } from './namespace-modes.ts'
import { translateUlimits } from './rlimits.ts'
import { effectivePaths, translateCapabilities, translateSecurityOpts } from './security.ts'

/** Everything that is looked up before a container can be described to the runtime. */
export interface Resolved {
  readonly root: RootSpec
  readonly user: User
  readonly mounts: readonly MountSpec[]
  readonly devices: readonly DeviceSpec[]
  readonly resources: ResourcesSpec
  readonly hostname: string
  /** Variables that tell of the containers it has links to. */
  readonly linked?: readonly string[]
  readonly namespaces: {
    readonly pid: NamespaceChoice
    readonly ipc: NamespaceChoice
    readonly network: NamespaceChoice
  }
  readonly stateDir: string
}

interface Asked {
  readonly id: string
  readonly config: ContainerConfig
  readonly hostConfig: HostConfig
  readonly modes: NamespaceModes
}

/** The host and the configuration, as far as they decide about containers. */
export interface Surroundings {
  readonly machine: Machine
  readonly config: EngineConfig
  readonly userNamespace: UserNamespaceSpec | undefined
}

/** A container as the runtime is to launch it. Nothing is looked up here: the same input gives the same container. */
export function toContainerSpec(asked: Asked, resolved: Resolved, around: Surroundings): ContainerSpec {
  const { id, config, hostConfig, modes } = asked
  const args = commandLine(config)
  const paths = effectivePaths(hostConfig)
  return {
    id,
    hostname: resolved.hostname,
    ...(config.Domainname && { domainname: config.Domainname }),
    root: resolved.root,
    mounts: byDepth(resolved.mounts),
    process: {
      ...toProcess(asked, resolved.user, around, {
        args,
        terminal: config.Tty === true,
        stdin: config.OpenStdin === true,
        hostname: resolved.hostname,
        ...(resolved.linked && { linked: resolved.linked }),
        ...(hostConfig.ConsoleSize && { consoleSize: hostConfig.ConsoleSize }),
      }),
      ...(hostConfig.OomScoreAdj && { oomScoreAdj: hostConfig.OomScoreAdj }),
    },
    init: usesInit(hostConfig.Init, around.config.init, args[0], modes.pid === 'private'),
    ...(around.userNamespace && hostConfig.UsernsMode !== 'host' && { userNamespace: around.userNamespace }),
    namespaces: { ...resolved.namespaces, uts: modes.uts, cgroup: modes.cgroup },
    resources: resolved.resources,
    cgroupParent: parseCgroupParent(hostConfig.CgroupParent),
    devices: resolved.devices,
    privileged: hostConfig.Privileged === true,
    maskedPaths: paths.masked,
    readonlyPaths: paths.readonly,
    sysctl: sysctls(hostConfig, modes),
    shmSize: hostConfig.ShmSize || around.config.defaultShmSize,
    log: translateLog(effectiveLogConfig(hostConfig.LogConfig, around.config)),
    stateDir: resolved.stateDir,
  }
}

interface Program {
  readonly args: readonly string[]
  readonly terminal: boolean
  readonly stdin: boolean
  readonly hostname: string
  readonly linked?: readonly string[]
  readonly consoleSize?: readonly [number, number]
}

/** A process of a container: its own, or with other arguments one that joins it. */
export function toProcess(
  { config, hostConfig }: Pick<Asked, 'config' | 'hostConfig'>,
  user: User,
  { machine, config: engine }: Omit<Surroundings, 'userNamespace'>,
  { args, terminal, stdin, hostname, linked = [], consoleSize }: Program,
): ProcessSpec {
  const security = translateSecurityOpts(hostConfig, {
    noNewPrivileges: engine.noNewPrivileges,
    appArmor: machine.appArmor,
  })
  const [height = 0, width = 0] = consoleSize ?? []
  return {
    args,
    env: processEnvironment({ env: config.Env ?? [], hostname, linked, terminal, home: user.home }),
    cwd: config.WorkingDir || '/',
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    terminal,
    ...(terminal && height > 0 && width > 0 && { consoleSize: { height, width } }),
    stdin,
    capabilities: translateCapabilities(hostConfig, machine.capabilities),
    rlimits: translateUlimits(hostConfig.Ulimits ?? [], engine.defaultUlimits, machine.hardNofile),
    ...security,
  }
}

const isNetworkSysctl = (name: string): boolean => name.startsWith('net.')
const hasNetworks = ({ network }: NamespaceModes): boolean => typeof network === 'object' && 'network' in network

/** Those of a namespace with networks are set by the network layer, which makes it. */
function sysctls(hostConfig: HostConfig, modes: NamespaceModes): Record<string, string> {
  const all = Object.entries({
    ...(modes.network === 'none' && networkSysctls(hostConfig)),
    ...hostConfig.Sysctls,
  })
  const refused = modes.network === 'host' && all.find(([name]) => isNetworkSysctl(name))
  if (refused) throw invalid(`sysctl "${refused[0]}" not allowed in host network namespace`)
  return Object.fromEntries(all.filter(([name]) => !(hasNetworks(modes) && isNetworkSysctl(name))))
}

/** The sysctls of a container's own network namespace; as with Docker, every user may ping and bind low ports. */
export function networkSysctls({ Sysctls }: HostConfig): Record<string, string> {
  return {
    'net.ipv4.ip_unprivileged_port_start': '0',
    'net.ipv4.ping_group_range': '0 2147483647',
    ...Object.fromEntries(Object.entries(Sysctls ?? {}).filter(([name]) => isNetworkSysctl(name))),
  }
}
