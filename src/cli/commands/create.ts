import { bringUp } from '../../compose/up.ts'
import { TscomposeError } from '../../errors.ts'
import { builds } from '../builds.ts'
import { collect, type Define } from '../command.ts'
import { connect, runDir } from '../engine.ts'
import { loadWhole, tellLeftOut } from '../model.ts'
import { openSurroundings } from '../surroundings.ts'
import { commonUpOptions, pullPolicy, scaleOptions, volumeConfirmation } from '../up-options.ts'

interface CreateFlags {
  readonly build?: boolean
  readonly pull?: string
  readonly quietPull?: boolean
  readonly forceRecreate?: boolean
  readonly recreate: boolean
  readonly removeOrphans?: boolean
  readonly scale?: readonly string[]
  readonly yes?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('--build', 'Build images first')
    .option('--no-build', 'Never build')
    .option('--pull <policy>', 'When to fetch images: always, missing, never, policy')
    .option('--quiet-pull', 'No progress of pulls')
    .option('--force-recreate', 'Recreate containers that are up to date')
    .option('--no-recreate', 'Never recreate a container')
    .option('--remove-orphans', 'Remove containers of services that are not in the file')
    .option('--scale <service=n>', 'So many containers for a service; may be given several times', collect)
    .option('-y, --yes', 'Answer questions with yes')
    .action(async (services: string[], flags: CreateFlags) => {
      if (flags.forceRecreate && !flags.recreate)
        throw new TscomposeError('CLI_FLAG', '--force-recreate and --no-recreate are incompatible')
      const [loaded, engine] = await Promise.all([loadWhole(cli, services), connect()])
      const { project } = loaded
      await tellLeftOut(cli, engine, loaded)
      await using surroundings = await openSurroundings(cli, engine, {
        project: project.name,
        quietPull: flags.quietPull ?? false,
      })
      const policy = pullPolicy(flags.pull)
      await bringUp(surroundings, project, {
        ...commonUpOptions(cli, project, flags),
        services,
        recreate: !flags.recreate ? 'never' : flags.forceRecreate ? 'force' : 'diverged',
        recreateDependencies: flags.recreate ? 'diverged' : 'never',
        scale: scaleOptions(flags.scale ?? []),
        start: false,
        ...volumeConfirmation(cli, flags),
        runDir: runDir(),
        build: builds(cli, engine, project, {
          when: flags.build === undefined ? 'missing' : flags.build ? 'always' : 'never',
        }),
        ...(policy && { pull: policy }),
      })
    })
