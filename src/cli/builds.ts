import type { Project } from '../compose/project.ts'
import type { BringUpOptions } from '../compose/up.ts'
import type { Engine } from '../engine/api.ts'
import type { Cli } from './cli.ts'

/** How commands that bring services up build their images: what is missing, unless they are told otherwise. */
export function builds(
  cli: Cli,
  engine: Engine,
  project: Project,
  { when = 'missing', quiet = false }: { readonly when?: 'always' | 'missing' | 'never'; readonly quiet?: boolean },
): NonNullable<BringUpOptions['build']> {
  return {
    when,
    run: async (services, timed) => {
      const { buildDefaults, buildServices } = await import('../compose/build/build.ts')
      const { openBuildProgress } = await import('./progress/build.ts')
      await using progress = await openBuildProgress(cli, { quiet })
      await buildServices(engine, project, services, buildDefaults, progress.tell, cli.signal, timed)
    },
  }
}
