import type { HostConfig, RestartPolicy } from '../../engine/api.ts'
import { fieldHashes, fieldHashesAnnotation } from '../field-hashes.ts'
import { sharedService } from '../names.ts'
import type { Service } from '../project.ts'
import { blockIO } from './block-io.ts'
import type { ContainerContext } from './container.ts'
import { deviceRequests, isDeviceName } from './device-requests.ts'
import { files } from './grants.ts'
import { mounts } from './mounts.ts'
import { portBindings } from './ports.ts'

/** @param network the value of NetworkMode, as the file has it */
export function hostConfig(context: ContainerContext, network: string): HostConfig {
  const { service, oneOff } = context
  const granted = files(context)
  return {
    ...isolation(context, network),
    ...limits(service),
    Mounts: mounts(context),
    ...(granted.length > 0 && { Files: granted }),
    PortBindings: portBindings(service),
    RestartPolicy: oneOff ? { Name: 'no' } : restartPolicy(service),
    ...(oneOff?.autoRemove && { AutoRemove: true }),
    ...(oneOff?.consoleSize && { ConsoleSize: [...oneOff.consoleSize] }),
    ...(service.tmpfs.length > 0 && { Tmpfs: Object.fromEntries(service.tmpfs.map(splitTmpfs)) }),
    ...(service.volumesFrom.length > 0 && { VolumesFrom: service.volumesFrom.map(from => volumesFrom(context, from)) }),
    ...(service.extraHosts.length > 0 && { ExtraHosts: service.extraHosts.map(host => host.replace('=', ':')) }),
    ...(service.dns.length > 0 && { Dns: [...service.dns] }),
    ...(service.dnsSearch.length > 0 && { DnsSearch: [...service.dnsSearch] }),
    ...(service.dnsOpt.length > 0 && { DnsOptions: [...service.dnsOpt] }),
    ...(service.groupAdd.length > 0 && { GroupAdd: [...service.groupAdd] }),
    ...(service.logging && {
      LogConfig: {
        ...(service.logging.driver !== undefined && { Type: service.logging.driver }),
        Config: { ...service.logging.options },
      },
    }),
    Annotations: { ...service.annotations, [fieldHashesAnnotation]: JSON.stringify(fieldHashes(service)) },
    ...(Object.keys(service.storageOpt).length > 0 && { StorageOpt: { ...service.storageOpt } }),
    ...(service.init !== undefined && { Init: service.init }),
  }
}

/** Which namespaces a container joins, and what it may do. */
function isolation(context: ContainerContext, network: string): HostConfig {
  const { service } = context
  const mode = (text: string) => sharedMode(context, text)
  const unconfined = service.securityOpt.some(option => /^systempaths[=:]unconfined$/.test(option))
  const securityOpt = service.securityOpt
    .filter(option => !option.startsWith('systempaths'))
    .map(option => readProfile(context, option))
  return {
    NetworkMode: mode(network),
    ...(service.ipc !== undefined && { IpcMode: mode(service.ipc) }),
    ...(service.pid !== undefined && { PidMode: mode(service.pid) }),
    ...(service.uts !== undefined && { UTSMode: mode(service.uts) }),
    ...(service.userns !== undefined && { UsernsMode: service.userns }),
    ...(service.cgroup !== undefined && { CgroupnsMode: mode(service.cgroup) }),
    ...(service.cgroupParent !== undefined && { CgroupParent: service.cgroupParent }),
    ...(service.privileged && { Privileged: true }),
    ...(service.readOnly && { ReadonlyRootfs: true }),
    ...(service.capAdd.length > 0 && { CapAdd: [...service.capAdd] }),
    ...(service.capDrop.length > 0 && { CapDrop: [...service.capDrop] }),
    ...(securityOpt.length > 0 && { SecurityOpt: securityOpt }),
    ...(unconfined && { MaskedPaths: [], ReadonlyPaths: [] }),
    ...(Object.keys(service.sysctls).length > 0 && { Sysctls: { ...service.sysctls } }),
  }
}

function sharedMode({ project, containerOf }: ContainerContext, mode: string): string {
  const service = sharedService(project, mode)
  return service === undefined ? mode : `container:${containerOf(service)}`
}

/** The file names a seccomp profile, the API wants its text. */
function readProfile({ seccompProfile }: ContainerContext, option: string): string {
  const [, path] = /^seccomp[=:](.*)$/.exec(option) ?? []
  return path === undefined || path === 'unconfined' || path === 'builtin' ? option : `seccomp=${seccompProfile(path)}`
}

function limits(service: Service): HostConfig {
  const { resources } = service
  const devices = service.devices.filter(device => !isDeviceName(device))
  const requests = deviceRequests(service)
  return {
    ...(resources.memory !== undefined && { Memory: resources.memory }),
    ...(resources.memoryReservation !== undefined && { MemoryReservation: resources.memoryReservation }),
    ...(resources.memorySwap !== undefined && { MemorySwap: resources.memorySwap }),
    ...(resources.memorySwappiness !== undefined && { MemorySwappiness: resources.memorySwappiness }),
    ...(resources.nanoCpus !== undefined && { NanoCpus: resources.nanoCpus }),
    ...(resources.cpuShares !== undefined && { CpuShares: resources.cpuShares }),
    ...(resources.cpuPeriod !== undefined && { CpuPeriod: resources.cpuPeriod }),
    ...(resources.cpuQuota !== undefined && { CpuQuota: resources.cpuQuota }),
    ...(resources.cpuRealtimePeriod !== undefined && { CpuRealtimePeriod: resources.cpuRealtimePeriod }),
    ...(resources.cpuRealtimeRuntime !== undefined && { CpuRealtimeRuntime: resources.cpuRealtimeRuntime }),
    ...(resources.cpusetCpus !== undefined && { CpusetCpus: resources.cpusetCpus }),
    ...(resources.pids !== undefined && { PidsLimit: resources.pids }),
    ...(resources.blkio && blockIO(resources.blkio)),
    ...(service.shmSize !== undefined && { ShmSize: service.shmSize }),
    ...(service.oomKillDisable !== undefined && { OomKillDisable: service.oomKillDisable }),
    ...(service.oomScoreAdj !== undefined && { OomScoreAdj: service.oomScoreAdj }),
    ...(Object.keys(service.ulimits).length > 0 && {
      Ulimits: Object.entries(service.ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
    }),
    ...(devices.length > 0 && {
      Devices: devices.map(({ source, target, permissions }) => ({
        PathOnHost: source,
        PathInContainer: target,
        CgroupPermissions: permissions,
      })),
    }),
    ...(requests.length > 0 && { DeviceRequests: requests }),
    ...(service.deviceCgroupRules.length > 0 && { DeviceCgroupRules: [...service.deviceCgroupRules] }),
  }
}

/** `deploy.restart_policy` stands over `restart`. */
export function restartPolicy({ restart, canonical }: Pick<Service, 'restart' | 'canonical'>): RestartPolicy {
  const { restart_policy: policy } = (canonical.deploy ?? {}) as {
    restart_policy?: { condition?: string; max_attempts?: number }
  }
  if (policy) {
    const { condition = 'any', max_attempts: attempts = 0 } = policy
    if (condition === 'none') return { Name: 'no' }
    return condition === 'on-failure' ? { Name: 'on-failure', MaximumRetryCount: attempts } : { Name: 'always' }
  }
  const [name = 'no', count] = (restart ?? 'no').split(':')
  const Name = name as RestartPolicy['Name']
  return count === undefined ? { Name } : { Name, MaximumRetryCount: Number(count) }
}

function splitTmpfs(text: string): [path: string, options: string] {
  const [path = '', ...options] = text.split(':')
  return [path, options.join(':')]
}

function volumesFrom({ project, containerOf }: ContainerContext, text: string): string {
  const reference = text.startsWith('container:') ? text : `service:${text}`
  const [, name = '', ...mode] = reference.split(':')
  const service = sharedService(project, reference)
  return [service === undefined ? name : containerOf(service), ...mode].join(':')
}
