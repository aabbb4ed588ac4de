import { bringUp } from '../../compose/up.ts'
import { ProjectWatch } from '../../compose/watch/watch.ts'
import { builds } from '../builds.ts'
import { type Define, plainOption } from '../command.ts'
import { connect, runDir } from '../engine.ts'
import { loadModel } from '../model.ts'
import { newLogPrinter, openSurroundings } from '../surroundings.ts'
import { commonUpOptions } from '../up-options.ts'
import { sessionOptions, withoutProgress } from '../watch.ts'

interface WatchFlags {
  readonly noUp?: boolean
  readonly prune: boolean
  readonly quiet?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .addOption(plainOption('--no-up', 'Do not build and start the services before watching'))
    .option('--no-prune', 'Keep the images that a rebuild has replaced')
    .option('--prune', 'Remove the images that a rebuild has replaced (the default)')
    .option('--quiet', 'Without the output of builds')
    .action(async (services: string[], flags: WatchFlags) => {
      const [project, engine] = await Promise.all([loadModel(cli, services), connect()])
      await using surroundings = await openSurroundings(cli, engine, { project: project.name })
      await using watch = await ProjectWatch.open(surroundings, project, { services, runDir: runDir() })
      const build = builds(cli, engine, project, { when: 'always', quiet: flags.quiet ?? false })
      const up = { ...commonUpOptions(cli, project, {}), services, runDir: runDir(), build }
      const prepared = { ...surroundings, prepare: watch.prepare }
      if (!flags.noUp) await bringUp(prepared, project, up)
      const printer = newLogPrinter(cli, project.name, {})
      await watch.run(withoutProgress(prepared), sessionOptions(prepared, project, up, printer, { prune: flags.prune }))
      cli.signal.throwIfAborted()
    })
