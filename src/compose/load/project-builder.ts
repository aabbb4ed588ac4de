import type { FileObject, Project, ProjectModel, ProjectNetwork, ProjectVolume } from '../project.ts'
import type { CanonicalMap, CanonicalModel } from './model/bind.ts'
import type { Canonical } from './model/shape.ts'
import { buildService } from './service-builder.ts'

/** What a project is made of beside its model. */
export type Surroundings = Pick<
  Project,
  'workingDir' | 'composeFiles' | 'environment' | 'profiles' | 'origins' | 'environmentFiles'
> & {
  readonly disabled: CanonicalMap
  readonly secretContent: (key: string) => string | undefined
}

/** Turns a canonical model into the typed project. */
export function buildProject(model: CanonicalModel, { disabled, secretContent, ...more }: Surroundings): Project {
  const mapAll = <T>(things: CanonicalMap, build: (key: string, value: Canonical) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(things).map(([key, value]) => [key, build(key, value)]))
  return {
    name: model.name,
    ...more,
    services: mapAll(model.services, buildService),
    disabledServices: mapAll(disabled, buildService),
    networks: mapAll(model.networks, buildNetwork),
    volumes: mapAll(model.volumes, buildVolume),
    secrets: mapAll(model.secrets, (key, value) => buildFileObject(key, value, secretContent(key))),
    configs: mapAll(model.configs, (key, value) => buildFileObject(key, value, undefined)),
    models: mapAll(model.models, buildModel),
    canonical: model,
  }
}

type Texts = Readonly<Record<string, string>>
/** The attributes of an object that have a value. */
type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Leaves out what is undefined, which exact optional properties do not allow. */
export function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>
}

function buildNetwork(key: string, value: Canonical): ProjectNetwork {
  const ipam = value.ipam as Canonical | undefined
  const pools = (ipam?.config ?? []) as readonly Texts[]
  return given({
    key,
    name: String(value.name ?? key),
    external: value.external === true,
    driver: value.driver as string | undefined,
    driverOpts: (value.driver_opts ?? {}) as Texts,
    internal: value.internal === true,
    attachable: value.attachable === true,
    enableIPv4: value.enable_ipv4 as boolean | undefined,
    enableIPv6: value.enable_ipv6 as boolean | undefined,
    ipam:
      ipam &&
      given({
        driver: ipam.driver as string | undefined,
        config: pools.map(pool =>
          given({
            subnet: pool.subnet,
            ipRange: pool.ip_range,
            gateway: pool.gateway,
            auxAddresses: pool.aux_addresses as unknown as Texts | undefined,
          }),
        ),
        options: (ipam.options ?? {}) as Texts,
      }),
    labels: (value.labels ?? {}) as Texts,
  }) as ProjectNetwork
}

function buildVolume(key: string, value: Canonical): ProjectVolume {
  return given({
    key,
    name: String(value.name ?? key),
    external: value.external === true,
    driver: value.driver as string | undefined,
    driverOpts: (value.driver_opts ?? {}) as Texts,
    labels: (value.labels ?? {}) as Texts,
  }) as ProjectVolume
}

function buildModel(key: string, value: Canonical): ProjectModel {
  return given({
    key,
    name: value.name as string | undefined,
    model: String(value.model ?? ''),
    contextSize: value.context_size as number | undefined,
    runtimeFlags: (value.runtime_flags ?? []) as readonly string[],
  }) as ProjectModel
}

/** @param content of a secret whose variable is set */
function buildFileObject(key: string, value: Canonical, content: string | undefined): FileObject {
  return given({
    key,
    name: String(value.name ?? key),
    external: value.external === true,
    file: value.file as string | undefined,
    environment: value.environment as string | undefined,
    content: content ?? (value.content as string | undefined),
    driver: value.driver as string | undefined,
    templateDriver: value.template_driver as string | undefined,
    labels: (value.labels ?? {}) as Texts,
  }) as FileObject
}
