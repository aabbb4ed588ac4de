import { imageKey, imageName } from '../../compose/names.ts'
import { observeImages } from '../../compose/observe.ts'
import { carryOut } from '../../compose/operation.ts'
import { type PullOptions, planPulls, whyNotPulled } from '../../compose/plan/pulls.ts'
import { selectServices } from '../../compose/select.ts'
import { TscomposeError } from '../../errors.ts'
import { type Define, plainOption } from '../command.ts'
import { connect } from '../engine.ts'
import { loadModel } from '../model.ts'
import { openSurroundings } from '../surroundings.ts'

interface PullFlags {
  readonly ignoreBuildable?: boolean
  readonly ignorePullFailures?: boolean
  readonly includeDeps?: boolean
  readonly policy?: string
  readonly quiet?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('--ignore-buildable', 'Leave out images that can be built')
    .option('--ignore-pull-failures', 'Take failures for warnings')
    .option('--include-deps', 'Also images of dependencies')
    .option('--policy <policy>', 'missing or always')
    .option('-q, --quiet', 'No progress of layers')
    .addOption(plainOption('--parallel', 'Accepted for old scripts').hideHelp())
    .addOption(plainOption('--no-parallel', 'Accepted for old scripts').hideHelp())
    .action(async (names: string[], flags: PullFlags) => {
      const { policy } = flags
      if (policy !== undefined && policy !== 'missing' && policy !== 'always')
        throw new TscomposeError('CLI_FLAG', `invalid --policy option "${policy}"`)
      const [project, engine] = await Promise.all([loadModel(cli, names), connect()])
      const services = selectServices(project.services, names, { alone: !flags.includeDeps })
      const images = await observeImages(engine, project, services)
      const options: PullOptions = {
        command: 'pull',
        now: Date.now(),
        ignoreFailures: flags.ignorePullFailures ?? false,
        ignoreBuildable: flags.ignoreBuildable ?? false,
        ...(policy && { policy }),
      }
      const plan = planPulls(project, services, images, options)
      await using surroundings = await openSurroundings(cli, engine, {
        project: project.name,
        quietPull: flags.quiet ?? false,
      })
      for (const service of services) {
        const why = whyNotPulled(service, imageKey(imageName(project, service), service) in images, options)
        if (why === undefined || flags.quiet) continue
        const id = service.image === undefined ? service.name : `Image ${service.image}`
        surroundings.report({ id, text: 'Skipped', ...(why !== 'Skipped' && { details: why }), status: 'done' })
      }
      const observed = { containers: [], hookContainers: [], networks: [], volumes: [], images }
      await carryOut(surroundings, { name: project.name, project, observed, preStop: false, keepGoing: true }, plan)
    })
