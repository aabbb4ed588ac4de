import type { ContainerConfig, ContainerCreateRequest, HealthConfig } from '../../engine/api.ts'
import { imageName } from '../names.ts'
import type { InheritedVolume } from '../plan/plan.ts'
import type { HealthCheck, Project, Service } from '../project.ts'
import { endpoints, mainNetwork } from './endpoints.ts'
import { hostConfig } from './host.ts'
import { containerLabels } from './labels.ts'
import { exposedPorts } from './ports.ts'

/** What a container's request depends on beside the file. */
export interface ContainerContext {
  readonly project: Project
  readonly service: Service
  readonly name: string
  /** Absent for a one-off container. */
  readonly number?: number
  /** The id of the image it is made from. */
  readonly imageId: string
  readonly inherits: readonly InheritedVolume[]
  /** The name of the container it is to take the place of. */
  readonly replaces?: string
  /** The id or name of a container of another service. */
  readonly containerOf: (service: string) => string
  /** The text of a seccomp profile by its path in the file. */
  readonly seccompProfile: (path: string) => string
  /** What is in a file that is handed over instead of being mounted, by its absolute path. */
  readonly fileContents: (path: string) => Uint8Array
  /** Variables that every container gets where its service does not say otherwise. */
  readonly proxies: Readonly<Record<string, string>>
  readonly oneOff?: OneOff
}

/** What `run` asks for, and what a hook's container is. */
export interface OneOff {
  readonly hook?: 'pre_start'
  /** The rest of the label `slug`, and of the name. */
  readonly slug: string
  readonly useAliases: boolean
  readonly attachStdin: boolean
  readonly autoRemove: boolean
  /** Height and width of its terminal. */
  readonly consoleSize?: readonly [number, number]
}

/** The Engine API's request for a container of a service. Pure: the same for the same context. */
export function containerRequest(context: ContainerContext): ContainerCreateRequest {
  const { project, service, oneOff } = context
  const network = mainNetwork(project, service)
  const endpointsConfig = endpoints(context)
  return {
    ...containerConfig(context),
    HostConfig: hostConfig(context, network),
    ...(Object.keys(endpointsConfig).length > 0 && { NetworkingConfig: { EndpointsConfig: endpointsConfig } }),
    ...(oneOff?.attachStdin && { AttachStdin: true, StdinOnce: true }),
  }
}

function containerConfig(context: ContainerContext): ContainerConfig {
  const { project, service } = context
  const healthcheck = service.healthcheck && healthConfig(service.healthcheck)
  return {
    Image: imageName(project, service),
    Labels: containerLabels(context),
    Env: Object.entries({ ...context.proxies, ...service.environment }).map(([name, value]) =>
      value === null ? name : `${name}=${value}`,
    ),
    Tty: service.tty,
    OpenStdin: service.stdinOpen,
    AttachStdout: true,
    AttachStderr: true,
    ExposedPorts: exposedPorts(service),
    // null and absence leave it to the image; an empty list is an answer.
    ...(service.command != null && { Cmd: [...service.command] }),
    ...(service.entrypoint != null && { Entrypoint: emptied(service.entrypoint) }),
    ...(service.hostname !== undefined && { Hostname: service.hostname }),
    ...(service.domainname !== undefined && { Domainname: service.domainname }),
    ...(service.user !== undefined && { User: service.user }),
    ...(service.workingDir !== undefined && { WorkingDir: service.workingDir }),
    ...(service.stopSignal !== undefined && { StopSignal: service.stopSignal }),
    // Whole seconds in the API: never less than what was asked for.
    ...(service.stopGracePeriod !== undefined && { StopTimeout: Math.ceil(service.stopGracePeriod / 1000) }),
    ...(healthcheck && { Healthcheck: healthcheck }),
  }
}

/** Docker's way to say that there is no entrypoint, not even the image's. */
const emptied = (entrypoint: readonly string[]): string[] => (entrypoint.length > 0 ? [...entrypoint] : [''])

const nanoseconds = (milliseconds: number): number => Math.round(milliseconds * 1e6)

export function healthConfig(check: HealthCheck): HealthConfig {
  if (check.disable) return { Test: ['NONE'] }
  return {
    ...(check.test && { Test: [...check.test] }),
    ...(check.interval !== undefined && { Interval: nanoseconds(check.interval) }),
    ...(check.timeout !== undefined && { Timeout: nanoseconds(check.timeout) }),
    ...(check.startPeriod !== undefined && { StartPeriod: nanoseconds(check.startPeriod) }),
    ...(check.startInterval !== undefined && { StartInterval: nanoseconds(check.startInterval) }),
    ...(check.retries !== undefined && { Retries: check.retries }),
  }
}
