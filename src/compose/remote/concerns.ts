import { TscomposeError } from '../../errors.ts'
import type { Project } from '../project.ts'

/** Something that whoever publishes may not have thought of; he is asked. */
export interface Concern {
  readonly why: string
  readonly items: readonly string[]
  readonly question: string
}

/** @throws TscomposeError COMPOSE_PUBLISH_REFUSED for what would be of no use to others, or leak */
export function checkPublishable({ services }: Project, { withEnv }: { readonly withEnv: boolean }): void {
  const onlyBuilt = Object.values(services).filter(({ build, image }) => build !== undefined && image === undefined)
  if (onlyBuilt.length > 0)
    throw new TscomposeError(
      'COMPOSE_PUBLISH_REFUSED',
      `your Compose stack cannot be published as it only contains a build section for service(s):\n${list(onlyBuilt.map(({ name }) => name))}`,
      { fix: 'Give each an image, which whoever runs it can pull.' },
    )
  const withFiles = Object.values(services).filter(({ canonical }) => canonical.env_file !== undefined)
  if (withFiles.length > 0 && !withEnv)
    throw new TscomposeError(
      'COMPOSE_PUBLISH_REFUSED',
      `${withFiles.map(({ name }) => `service "${name}" has env_file declared.`).join('\n')}\nTo avoid leaking sensitive data, env files are published only with --with-env.`,
      { fix: 'Use --with-env, or put what is not sensitive under environment.' },
    )
}

/** @param envFiles that will be published */
export function concerns(project: Project, envFiles: readonly string[]): Concern[] {
  const binds = Object.values(project.services).flatMap(({ name, volumes }) =>
    volumes.flatMap(({ type, source, target }) => (type === 'bind' ? [`${name}: ${source} -> ${target}`] : [])),
  )
  const contents = Object.entries(project.canonical.configs).flatMap(([name, { content, environment }]) =>
    content !== undefined && environment === undefined ? [name] : [],
  )
  const secrets = Object.values(project.services).flatMap(({ name }) =>
    [...secretVariables(project, name)].map(key => `${name}: ${key}`),
  )
  return [
    {
      why: `you are about to publish bind mounts declaration within your OCI artifact.\nonly the bind mount declarations will be added to the OCI artifact (not content)`,
      items: binds,
      question: 'Are you ok to publish these bind mount declarations?',
    },
    {
      why: 'you are about to publish environment files within your OCI artifact.',
      items: envFiles,
      question: 'Are you ok to publish these environment files?',
    },
    {
      why: 'you are about to publish literal contents of configs within your OCI artifact.',
      items: contents,
      question: 'Are you ok to publish these contents?',
    },
    {
      why: 'you are about to publish what looks like sensitive data within your OCI artifact.',
      items: secrets,
      question: 'Are you ok to publish these values?',
    },
  ].filter(({ items }) => items.length > 0)
}

export const concernText = ({ why, items }: Concern): string =>
  `${why}\nplease double check that you are not leaking sensitive data\n${list(items)}\n`

const SECRET = /passw(or)?d|secret|token|api_?key|private_?key|credential/i

/** Variables with names as secrets have them, and values that the file itself tells. */
function* secretVariables({ services, origins }: Project, service: string): Generator<string> {
  for (const [key, value] of Object.entries(services[service]?.environment ?? {})) {
    const line = origins.get(`services.${service}.environment.${key}`)?.source ?? ''
    if (value && SECRET.test(key) && line.includes(value)) yield key
  }
}

const list = (items: readonly string[]): string => items.map(item => `  - ${item}`).join('\n')
