import type { RegistryAuthConfig } from '../engine/api.ts'
import { enginePaths } from '../engine/daemon/paths.ts'
import type { Project, Service } from './project.ts'

/** Where Docker's clients look for an engine; the directory that they are told to have their configuration in. */
const SOCKET = '/var/run/docker.sock'
const CONFIGURATION = '/run/secrets/docker'

/** The key of the logins among the configs of a project: no key of a file can be like that. */
const LOGINS = '#apisocket'

const usesApiSocket = ({ canonical }: Service): boolean => canonical.use_api_socket === true

/**
 * What `use_api_socket` gives to services, as docker compose does: the engine's socket where clients look for Docker's,
 * and the user's registry logins, unless the service says with DOCKER_CONFIG that it has its own.
 * @throws TscomposeError REGISTRY_CREDENTIALS_INVALID
 */
export async function withApiSocket(project: Project, signal: AbortSignal): Promise<Project> {
  const services = Object.values(project.services)
  if (!services.some(usesApiSocket)) return project
  const { allLogins } = await import('../engine/client/registries.ts')
  const logins = {
    key: LOGINS,
    name: LOGINS,
    external: false,
    content: configurationOf(await allLogins(signal)),
    labels: {},
  }
  return {
    ...project,
    services: Object.fromEntries(services.map(service => [service.name, sharingApiSocket(service)])),
    configs: { ...project.configs, [LOGINS]: logins },
  }
}

/** A service of a project that {@link withApiSocket} has made. */
export function sharingApiSocket(service: Service): Service {
  if (!usesApiSocket(service)) return service
  const { socketPath: source } = enginePaths()
  return {
    ...service,
    volumes: [...service.volumes, { type: 'bind', source, target: SOCKET, readOnly: false }],
    environment: { DOCKER_CONFIG: CONFIGURATION, ...service.environment },
    configs: [...service.configs, { source: LOGINS, target: `${CONFIGURATION}/config.json` }],
  }
}

/** Docker's `config.json` with these logins. */
function configurationOf(logins: Readonly<Record<string, RegistryAuthConfig>>): string {
  const auths = Object.entries(logins).map(([server, { username = '', password = '', identitytoken }]) => [
    server,
    {
      auth: Buffer.from(`${username}:${identitytoken ? '' : password}`).toString('base64'),
      ...(identitytoken && { identitytoken }),
    },
  ])
  return `${JSON.stringify({ auths: Object.fromEntries(auths) }, undefined, '\t')}\n`
}
