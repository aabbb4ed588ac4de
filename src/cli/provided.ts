import type { Cli } from './cli.ts'
import { openSurroundings } from './surroundings.ts'
import type { Target } from './target.ts'

/** Has the services that a program outside manages stopped or taken down; which they are only the file tells. */
export async function endProvided(
  cli: Cli,
  { engine, name, project }: Target,
  services: readonly string[],
  command: 'down' | 'stop',
): Promise<void> {
  if (!project || cli.options.dryRun) return
  if (!Object.values(project.services).some(({ canonical }) => canonical.provider !== undefined)) return
  const { endProviders } = await import('../compose/providers/providers.ts')
  await using surroundings = await openSurroundings(cli, engine, { project: name })
  await endProviders(surroundings, project, services, command)
}
