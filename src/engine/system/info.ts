import { readFile } from 'node:fs/promises'
import { arch, hostname, release, totalmem } from 'node:os'
import type { SystemInfo, SystemVersion } from '../api.ts'
import { isAlive } from '../container/state.ts'
import type { Context } from '../context.ts'
import { API_VERSION, MIN_API_VERSION } from '../http/api-version.ts'
import { runtimeNames } from '../translate/validate.ts'
import { version } from '../version.ts'
import { machineLimits } from './limits.ts'

/** The names that the Go world has for architectures. */
const goArch: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }
const unameMachine: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }

export function systemVersion(): SystemVersion {
  const details = { ApiVersion: API_VERSION, MinAPIVersion: MIN_API_VERSION, Os: 'linux', KernelVersion: release() }
  return {
    Platform: { Name: 'tscompose' },
    Components: [{ Name: 'Engine', Version: version, Details: { ...details, Arch: goArch[arch()] ?? arch() } }],
    Version: version,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: '',
    GoVersion: '',
    Os: 'linux',
    Arch: goArch[arch()] ?? arch(),
    KernelVersion: release(),
    BuildTime: '',
  }
}

/** `GET /info` */
export async function systemInfo(context: Context, engineId: string): Promise<SystemInfo> {
  const containers = context.containers.all()
  const count = (test: (status: string) => boolean) => containers.filter(({ state }) => test(state.status)).length
  const [operatingSystem, images, mounts] = await Promise.all([
    osName(),
    context.images.list(),
    readFile('/proc/self/mounts', 'utf8'),
  ])
  const { config, directories, machine } = context
  const limits = machineLimits(context.runtime)
  return {
    ID: engineId,
    Name: hostname(),
    Containers: containers.length,
    ContainersRunning: containers.filter(({ state }) => isAlive(state)).length - count(status => status === 'paused'),
    ContainersPaused: count(status => status === 'paused'),
    ContainersStopped: containers.filter(({ state }) => !isAlive(state)).length,
    Images: images.length,
    Driver: 'overlay2',
    DriverStatus: [
      ['Supports d_type', 'true'],
      ['Native Overlay Diff', 'true'],
      ['userxattr', 'false'],
    ],
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'ipvlan', 'macvlan', 'null'],
      Authorization: null,
      Log: ['json-file', 'local'],
    },
    ...limits.support,
    FirewallBackend: { Driver: 'nftables' },
    IPv4Forwarding: true,
    // Clients warn of what dockerd's firewall needs and ours does without.
    BridgeNfIptables: true,
    BridgeNfIp6tables: true,
    Debug: false,
    SystemTime: new Date().toISOString(),
    LoggingDriver: config.logDriver,
    CgroupDriver: 'cgroupfs',
    CgroupVersion: / \/sys\/fs\/cgroup cgroup2 /.test(mounts) ? '2' : '1',
    KernelVersion: release(),
    OperatingSystem: operatingSystem,
    OSType: 'linux',
    Architecture: unameMachine[arch()] ?? arch(),
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      InsecureRegistryCIDRs: ['127.0.0.0/8', '::1/128'],
      IndexConfigs: {
        'docker.io': { Name: 'docker.io', Mirrors: [...config.registryMirrors], Secure: true, Official: true },
      },
      Mirrors: [...config.registryMirrors],
    },
    NCPU: machine.processors,
    MemTotal: totalmem(),
    DockerRootDir: directories.data,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: version,
    GenericResources: null,
    HttpProxy: process.env.HTTP_PROXY ?? '',
    HttpsProxy: process.env.HTTPS_PROXY ?? '',
    NoProxy: process.env.NO_PROXY ?? '',
    Runtimes: Object.fromEntries(runtimeNames.map(name => [name, { path: '' }])),
    DefaultRuntime: 'tscompose',
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    InitBinary: 'tscompose-monitor',
    SecurityOptions: [
      ...(machine.appArmor ? ['name=apparmor'] : []),
      'name=seccomp,profile=builtin',
      'name=cgroupns',
      ...(context.userNamespace ? ['name=userns'] : []),
    ],
    Warnings: limits.warnings,
  }
}

async function osName(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'Linux'
}
