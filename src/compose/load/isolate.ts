import type { CanonicalMap, CanonicalModel } from './model/bind.ts'
import type { Canonical } from './model/shape.ts'

/**
 * The same file in any number of directories at once (`--isolated`): each has a project name, names of containers,
 * networks and volumes, subnets and an address for its ports of its own. Nothing in the file has to be changed; the
 * ports keep their numbers, on a loopback address that is the project's and the same each time.
 */

/** The module is loaded where it is needed: it would cost every other command six milliseconds. */
const digest = (text: string): Buffer =>
  process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest()

/** `shop-1f2e3d`, the end being made of the directory's path. */
export const isolatedName = (name: string, directory: string): string =>
  name === '' ? name : `${name}-${digest(directory).toString('hex', 0, 3)}`

/** The loopback address of a project: all of 127.0.0.0/8 is this machine. Far from those that others use by habit. */
export function loopbackAddress(project: string): string {
  const [a = 0, b = 0, c = 0] = digest(project)
  return `127.${64 + (a % 64)}.${b}.${1 + (c % 254)}`
}

export interface Isolated {
  readonly model: CanonicalModel
  /** What of the file does not hold in such a project, by its path. */
  readonly left: readonly { readonly path: string; readonly what: string }[]
}

export function isolate(model: CanonicalModel): Isolated {
  const { name: project } = model
  const left: { path: string; what: string }[] = []
  const names = new Map(
    Object.values(model.services).flatMap(({ container_name: own }) =>
      own ? [[String(own), `${project}-${own}`] as const] : [],
    ),
  )
  const networks = mapValues(model.networks, (key, network) => {
    const { ipam, ...rest } = scoped(project, key, network)
    if (network.external) return network
    if (!ipam) return rest
    left.push({ path: `networks.${key}.ipam`, what: `the subnets of network "${key}" are chosen anew` })
    return rest
  })
  const address = loopbackAddress(project)
  const services = mapValues(model.services, (key, service) => {
    const fixed = Object.entries(entries(service.networks)).filter(([network, endpoint]) =>
      Boolean(!model.networks[network]?.external && (endpoint?.ipv4_address || endpoint?.ipv6_address)),
    )
    for (const [network] of fixed)
      left.push({
        path: `services.${key}.networks.${network}`,
        what: `the fixed address of service "${key}" on network "${network}" is left out`,
      })
    return isolateService(service, { address, names, isExternal: network => !!model.networks[network]?.external })
  })
  return {
    model: { ...model, services, networks, volumes: mapValues(model.volumes, (...it) => scoped(project, ...it)) },
    left,
  }
}

type Endpoints = Readonly<Record<string, Canonical | null>>
const entries = (value: unknown): Endpoints => (value ?? {}) as Endpoints

const mapValues = (things: CanonicalMap, change: (key: string, thing: Canonical) => Canonical): CanonicalMap =>
  Object.fromEntries(Object.entries(things).map(([key, thing]) => [key, change(key, thing)]))

/** A name that the file gives is another one for each project; so is that of a bridge. */
function scoped(project: string, key: string, thing: Canonical): Canonical {
  if (thing.external) return thing
  const { name, driver_opts, ...rest } = thing
  const { 'com.docker.network.bridge.name': _, ...options } = (driver_opts ?? {}) as Readonly<Record<string, unknown>>
  const isImplied = name === undefined || name === `${project}_${key}`
  return {
    ...(name !== undefined && { name: isImplied ? name : `${project}_${name}` }),
    ...(Object.keys(options).length > 0 && { driver_opts: options }),
    ...rest,
  } as Canonical
}

interface Surroundings {
  readonly address: string
  /** Names that the file gives to containers, and what they are called now. */
  readonly names: ReadonlyMap<string, string>
  readonly isExternal: (network: string) => boolean
}

function isolateService(service: Canonical, { address, names, isExternal }: Surroundings): Canonical {
  const own = service.container_name as string | undefined
  const list = (value: unknown) => (value ?? []) as readonly Canonical[]
  const renamed = (text: unknown) =>
    String(text).replace(/^(container:)?([^:]+)/, (_, prefix = '', name) => `${prefix}${names.get(name) ?? name}`)
  const joined = (key: string) =>
    String(service[key] ?? '').startsWith('container:') ? { [key]: renamed(service[key]) } : {}
  const texts = (key: string) => (service[key] ? { [key]: (service[key] as readonly unknown[]).map(renamed) } : {})
  return {
    ...service,
    ...(own && { container_name: names.get(own) }),
    ...(service.networks ? { networks: endpointsOf(entries(service.networks), own, isExternal) } : {}),
    ...(service.ports ? { ports: list(service.ports).map(port => onAddress(port, address)) } : {}),
    ...joined('network_mode'),
    ...joined('pid'),
    ...joined('ipc'),
    ...texts('external_links'),
    ...texts('volumes_from'),
  } as Canonical
}

/** Inside the project a container is still found by the name that the file gives it. */
function endpointsOf(
  networks: Endpoints,
  own: string | undefined,
  isExternal: (network: string) => boolean,
): Endpoints {
  return Object.fromEntries(
    Object.entries(networks).map(([key, endpoint]) => {
      if (isExternal(key)) return [key, endpoint]
      const { ipv4_address: _, ipv6_address: __, aliases = [], ...rest } = (endpoint ?? {}) as Record<string, unknown>
      const all = [...new Set([...(aliases as readonly string[]), ...(own ? [own] : [])])]
      const changed = { ...(all.length > 0 && { aliases: all }), ...rest }
      return [key, Object.keys(changed).length > 0 ? (changed as Canonical) : null]
    }),
  )
}

/** A port on an address of the machine's that is neither loopback nor all of them is meant for others, and stays. */
function onAddress(port: Canonical, address: string): Canonical {
  const { mode, host_ip: given = '', ...rest } = port
  if (!/^(|0\.0\.0\.0|127\..*|\[?::1?\]?)$/.test(String(given))) return port
  return { ...(mode !== undefined && { mode }), host_ip: address, ...rest }
}
