import type { ContainerConfig, HealthConfig, HostConfig } from '../api.ts'
import { checkDeviceRequest } from '../cdi/requests.ts'
import { validateRestartPolicy } from '../container/restart-policy.ts'
import { invalid, notSupported } from '../failures.ts'
import { toPortSpecs } from '../network/ports.ts'
import { parseSignal } from '../signals.ts'
import { parseCgroupParent } from './cgroup-parent.ts'
import type { Surroundings } from './container-spec.ts'
import { deviceNumberOf } from './devices.ts'
import { parseExtraHost } from './extra-hosts.ts'
import { effectiveLogConfig, translateLog } from './log.ts'
import { parseNamespaceModes } from './namespace-modes.ts'
import { translateResources } from './resources.ts'
import { translateUlimits } from './rlimits.ts'
import { translateCapabilities, translateSecurityOpts } from './security.ts'

const SHORTEST_INTERVAL = 1_000_000 // nanoseconds

/** Options that would give another container than was asked for if they were ignored. */
const unsupported: readonly (readonly [keyof HostConfig, (value: unknown) => boolean])[] = [
  ['StorageOpt', value => typeof value === 'object' && value !== null && Object.keys(value).length > 0],
]

/** The names of Docker's own runtimes mean ours. */
export const runtimeNames: readonly string[] = ['io.containerd.runc.v2', 'runc', 'tscompose']

/**
 * Checks everything about a container that can be known without making it.
 * @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_NOT_SUPPORTED
 */
export function validateRequest(
  config: ContainerConfig,
  host: HostConfig,
  { machine, config: engine, userNamespace }: Surroundings,
): void {
  validateConfig(config)
  for (const [option, isSet] of unsupported) {
    if (host[option] != null && isSet(host[option])) throw notSupported(`HostConfig.${option}`)
  }
  if (host.Isolation && host.Isolation !== 'default')
    throw invalid(`invalid isolation (${host.Isolation}): linux only supports 'default'`)
  if (config.Hostname && host.UTSMode === 'host') throw invalid('conflicting options: hostname and the UTS mode')
  if (host.Runtime && !runtimeNames.includes(host.Runtime))
    throw invalid(`unknown or invalid runtime name: ${host.Runtime}`)
  const policy = host.RestartPolicy ?? { Name: 'no' }
  validateRestartPolicy(policy)
  if (host.AutoRemove && policy.Name && policy.Name !== 'no') {
    throw invalid("can't create 'AutoRemove' container with restart policy")
  }
  if (host.OomScoreAdj && (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000)) {
    throw invalid(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`)
  }
  if (host.ShmSize && host.ShmSize < 0) throw invalid('SHM size can not be less than 0')
  for (const request of host.DeviceRequests ?? []) checkDeviceRequest(request)
  for (const entry of host.ExtraHosts ?? []) parseExtraHost(entry)
  for (const name of Object.keys(host.Sysctls ?? {})) {
    if (!/^[a-z0-9_]+([./][A-Za-z0-9_-]+)+$/.test(name)) throw invalid(`invalid sysctl "${name}"`)
  }
  toPortSpecs(host.PortBindings ?? {}, config.ExposedPorts ?? {}, host.PublishAllPorts === true)
  parseNamespaceModes(host)
  parseCgroupParent(host.CgroupParent)
  if (userNamespace && host.UsernsMode !== 'host') checkRemapped(host)
  translateResources(host, machine.processors, deviceNumberOf)
  translateCapabilities(host, machine.capabilities)
  translateSecurityOpts(host, { noNewPrivileges: engine.noNewPrivileges, appArmor: machine.appArmor })
  translateUlimits(host.Ulimits ?? [], engine.defaultUlimits, machine.hardNofile)
  translateLog(effectiveLogConfig(host.LogConfig, engine))
}

/** What would need rights over the host, in Docker's words. @throws TscomposeError ENGINE_REQUEST_INVALID */
function checkRemapped({ Privileged, NetworkMode, PidMode, IpcMode }: HostConfig): void {
  if (Privileged)
    throw invalid(
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    )
  if (NetworkMode === 'host')
    throw invalid("cannot share the host's network namespace when user namespaces are enabled")
  if (PidMode === 'host') throw invalid('cannot share the host PID namespace when user namespaces are enabled')
  if (IpcMode === 'host') throw invalid('cannot share the host IPC namespace when user namespaces are enabled')
}

function validateConfig({ Env = [], WorkingDir, StopSignal, Healthcheck, NetworkDisabled }: ContainerConfig): void {
  for (const variable of Env) {
    if (variable === '' || variable.startsWith('=')) throw invalid(`invalid environment variable: ${variable}`)
  }
  if (WorkingDir && !WorkingDir.startsWith('/')) {
    throw invalid(`the working directory '${WorkingDir}' is invalid, it needs to be an absolute path`)
  }
  if (StopSignal) parseSignal(StopSignal)
  if (NetworkDisabled) throw notSupported('NetworkDisabled')
  if (Healthcheck) validateHealthcheck(Healthcheck)
}

function validateHealthcheck(config: HealthConfig): void {
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = config[key] ?? 0
    if (value !== 0 && value < SHORTEST_INTERVAL) throw invalid(`${key} in Healthcheck cannot be less than 1ms`)
  }
  if ((config.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative')
}
