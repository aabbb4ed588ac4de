import { carryOut } from '../../compose/operation.ts'
import { planPushes } from '../../compose/plan/pushes.ts'
import { selectServices } from '../../compose/select.ts'
import type { Define } from '../command.ts'
import { connect } from '../engine.ts'
import { loadModel } from '../model.ts'
import { openSurroundings } from '../surroundings.ts'

interface PushFlags {
  readonly ignorePushFailures?: boolean
  readonly includeDeps?: boolean
  readonly quiet?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('--ignore-push-failures', 'Take failures for warnings')
    .option('--include-deps', 'Also images of dependencies')
    .option('-q, --quiet', 'No progress')
    .action(async (names: string[], { ignorePushFailures = false, includeDeps, quiet = false }: PushFlags) => {
      const [project, engine] = await Promise.all([loadModel(cli, names), connect()])
      const services = selectServices(project.services, names, { alone: !includeDeps })
      const { plan, skipped } = planPushes(services, { ignoreFailures: ignorePushFailures })
      await using surroundings = await openSurroundings(cli, engine, { project: project.name, quietPull: quiet })
      const observed = { containers: [], networks: [], volumes: [], images: {}, hookContainers: [] }
      await carryOut(surroundings, { name: project.name, project, observed, preStop: false, keepGoing: true }, plan)
      if (!quiet) for (const name of skipped) surroundings.report({ id: name, text: 'Skipped', status: 'done' })
    })
