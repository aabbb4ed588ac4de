import { TscomposeError } from '../../errors.ts'
import type { Surroundings } from '../operation.ts'
import type { Project, Service } from '../project.ts'
import { inDependencyOrder } from '../select.ts'
import type { ProviderMetadata, ProviderVariables } from './call.ts'

/** Services that a program outside manages, instead of a container (`provider`). */
type Told = Pick<Surroundings, 'report' | 'warn' | 'signal'>
type Command = 'up' | 'down' | 'stop'

interface Provider {
  readonly type: string
  readonly options?: Readonly<Record<string, readonly string[]>>
}

const providerOf = ({ canonical }: Pick<Service, 'canonical'>): Provider | undefined =>
  canonical.provider as Provider | undefined

export const isProvided = (service: Pick<Service, 'canonical'>): boolean => providerOf(service) !== undefined

const words = {
  up: { action: 'create', begin: 'Creating', end: 'Created' },
  down: { action: 'remove', begin: 'Removing', end: 'Removed' },
  stop: { action: 'stop', begin: 'Stopping', end: 'Stopped' },
} as const

/**
 * Has the services that are provided brought up, dependencies first.
 * @returns the project as it is for everybody else: without them, and with the variables that they hand to dependents
 * @throws TscomposeError COMPOSE_PROVIDER_FAILED
 */
export async function upProviders(told: Told, project: Project, services: readonly Service[]): Promise<Project> {
  let own = project
  for (const service of inDependencyOrder(services.filter(isProvided))) {
    const variables = await run(told, project, service, 'up')
    if (variables) own = withVariables(own, service, variables, told.warn)
  }
  return withoutProviders(own)
}

/** Has them taken down, or stopped; dependents first. */
export async function endProviders(
  told: Told,
  project: Project,
  names: readonly string[],
  command: 'down' | 'stop',
): Promise<void> {
  const provided = Object.values(project.services).filter(
    service => isProvided(service) && (names.length === 0 || names.includes(service.name)),
  )
  for (const service of inDependencyOrder(provided).reverse()) await run(told, project, service, command)
}

async function run(
  { report, signal }: Told,
  project: Project,
  service: Service,
  command: Command,
): Promise<ProviderVariables | undefined> {
  const provider = providerOf(service) as Provider
  const where = project.origins.get(`services.${service.name}.provider`)
  try {
    // Hardly any project has one.
    const [{ callProvider, readMetadata }, { findProgram }] = await Promise.all([
      import('./call.ts'),
      import('./program.ts'),
    ])
    const env = { ...process.env, ...project.environment }
    const program = await findProgram(provider.type, env)
    const metadata = await readMetadata({ program, env, signal })
    if (command === 'stop' && !metadata?.stop) return undefined
    const { action, begin, end } = words[command]
    report({ id: service.name, text: begin, status: 'working' })
    const args = ['compose', `--project-name=${project.name}`, command, ...options(provider, metadata, command)]
    const tell = (message: string) => report({ id: service.name, text: message, status: 'working' })
    const variables = await callProvider({ program, args: [...args, service.name], env, tell, signal }, action)
    report({ id: service.name, text: end, status: 'done' })
    return variables
  } catch (error) {
    if (!(error instanceof TscomposeError)) throw error
    report({ id: service.name, text: 'Error', status: 'error' })
    const { code, message, fix } = error
    throw new TscomposeError(code, `service "${service.name}": ${message}`, {
      ...(where && { where }),
      ...(fix !== undefined && { fix }),
    })
  }
}

/** The options as flags; of a provider that tells which its command takes, only those. */
function options(
  { options: given = {} }: Provider,
  metadata: ProviderMetadata | undefined,
  command: Command,
): string[] {
  const parameters = metadata && (metadata[command]?.parameters ?? [])
  const missing = parameters?.find(({ name, required }) => required && !(name in given))
  if (missing) throw new TscomposeError('COMPOSE_PROVIDER_FAILED', `required parameter "${missing.name}" is missing`)
  return Object.entries(given)
    .filter(([name]) => !parameters || parameters.some(parameter => parameter.name === name))
    .flatMap(([name, values]) => values.map(value => `--${name}=${value}`))
}

function withVariables(
  project: Project,
  provider: Service,
  { prefixed, raw }: ProviderVariables,
  warn: (message: string) => void,
): Project {
  const prefix = `${provider.name.toUpperCase()}_`
  const added = { ...Object.fromEntries(Object.entries(prefixed).map(([key, value]) => [prefix + key, value])), ...raw }
  const services = Object.entries(project.services).map(([name, service]): [string, Service] => {
    if (!(provider.name in service.dependsOn)) return [name, service]
    for (const key of Object.keys(raw))
      if (key in service.environment && service.environment[key] !== raw[key])
        warn(`provider "${provider.name}" overrides environment variable "${key}" in service "${name}"`)
    const environment = { ...service.environment, ...added }
    // What the hash of the configuration is taken of: other variables make another container.
    return [name, { ...service, environment, canonical: { ...service.canonical, environment } }]
  })
  return { ...project, services: Object.fromEntries(services) }
}

/** A project of containers only: nothing waits for a provider any more. */
export function withoutProviders(project: Project): Project {
  const provided = new Set(
    Object.values(project.services)
      .filter(isProvided)
      .map(({ name }) => name),
  )
  if (provided.size === 0) return project
  const services = Object.entries(project.services)
    .filter(([name]) => !provided.has(name))
    .map(([name, service]): [string, Service] => {
      const dependsOn = Object.entries(service.dependsOn).filter(([dependency]) => !provided.has(dependency))
      return [name, { ...service, dependsOn: Object.fromEntries(dependsOn) }]
    })
  return { ...project, services: Object.fromEntries(services) }
}
