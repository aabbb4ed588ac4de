import { serviceOf } from '../../compose/select.ts'
import { bringUp } from '../../compose/up.ts'
import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'
import { connect, runDir } from '../engine.ts'
import { loadModel } from '../model.ts'
import { openSurroundings } from '../surroundings.ts'
import { commonUpOptions } from '../up-options.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<SERVICE=REPLICAS...>')
    .option('--no-deps', 'Leave dependencies alone')
    .action(async (specifiers: string[], { deps }: { deps: boolean }) => {
      const scale = Object.fromEntries(specifiers.map(parseSpecifier))
      const services = Object.keys(scale)
      const [project, engine] = await Promise.all([loadModel(cli, services), connect()])
      for (const service of services) serviceOf(project.services, service)
      await using surroundings = await openSurroundings(cli, engine, { project: project.name })
      await bringUp(surroundings, project, {
        ...commonUpOptions(cli, project, {}),
        services,
        scale,
        noDeps: !deps,
        recreate: 'never',
        recreateDependencies: 'never',
        runDir: runDir(),
      })
    })

function parseSpecifier(text: string): [string, number] {
  const [, service, count = ''] = /^([^=]+)=(.*)$/.exec(text) ?? []
  if (service === undefined) throw new TscomposeError('CLI_FLAG', `invalid scale specifier: ${text}`)
  if (!/^\d+$/.test(count))
    throw new TscomposeError('CLI_FLAG', `invalid scale specifier: can't parse replica value as int: ${count}`)
  return [service, Number(count)]
}
