import { loopbackAddress } from '../../compose/load/isolate.ts'
import type { Project } from '../../compose/project.ts'
import { serviceOf } from '../../compose/select.ts'
import { Stopwatch } from '../../compose/timings/timings.ts'
import { type BringUpOptions, bringUp } from '../../compose/up.ts'
import type { Engine } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import { builds } from '../builds.ts'
import type { Cli } from '../cli.ts'
import { type Define, Exit } from '../command.ts'
import { connectSteadily, runDir } from '../engine.ts'
import { loadWhole, tellLeftOut } from '../model.ts'
import { openSurroundings } from '../surroundings.ts'
import { checkUpFlags, type UpFlags, withUpFlags } from '../up-flags.ts'
import { commonUpOptions, pullPolicy, scaleOptions, volumeConfirmation } from '../up-options.ts'

export const define: Define = (command, cli) =>
  withUpFlags(command).action(async (services: string[], flags: UpFlags) => {
    checkUpFlags(flags)
    const [loaded, engine] = await Promise.all([loadWhole(cli, services), connectSteadily()])
    const { project } = loaded
    if (Object.keys(project.services).length === 0)
      throw new TscomposeError('COMPOSE_SERVICE_UNKNOWN', 'no service selected')
    for (const service of services) serviceOf(project.services, service)
    await tellLeftOut(cli, engine, loaded)
    const when = flags.build ? 'always' : flags.noBuild ? 'never' : 'missing'
    const build = builds(cli, engine, project, { when, quiet: flags.quietBuild ?? false })
    const options = { ...bringUpOptions(cli, project, services, flags), build }
    const detached = flags.detach || flags.wait || !flags.start || cli.options.dryRun
    const stopwatch = new Stopwatch()
    await using opened = await openSurroundings(cli, engine, {
      project: project.name,
      quietPull: flags.quietPull ?? false,
    })
    const surroundings = { ...opened, stopwatch }
    if (detached) {
      await bringUp(surroundings, project, options)
      if (flags.start && !cli.options.dryRun) {
        await tellTimings(cli, stopwatch, flags)
        await tellAddresses(cli, engine, project)
      }
      return
    }
    const { upInForeground } = await import('../foreground.ts')
    const isUp = () => tellTimings(cli, stopwatch, flags)
    const code = await upInForeground(cli, project, flags, options, surroundings, isUp)
    if (code !== 0) throw new Exit(code)
  })

function bringUpOptions(cli: Cli, project: Project, services: string[], flags: UpFlags): BringUpOptions {
  const recreate = !flags.recreate ? 'never' : flags.forceRecreate ? 'force' : 'diverged'
  const policy = pullPolicy(flags.pull)
  return {
    ...commonUpOptions(cli, project, flags),
    services,
    noDeps: !flags.deps,
    recreate,
    recreateDependencies: !flags.recreate ? 'never' : flags.alwaysRecreateDeps ? 'force' : 'diverged',
    renewAnonymousVolumes: flags.renewAnonVolumes ?? false,
    scale: scaleOptions(flags.scale ?? []),
    start: flags.start,
    wait: flags.wait ?? false,
    waitTimeout: flags.waitTimeout,
    ...volumeConfirmation(cli, flags),
    runDir: runDir(),
    ...(flags.timeout !== undefined && { timeout: flags.timeout }),
    ...(policy && { pull: policy }),
  }
}

/** With --timings all of them; on a terminal always a line. */
async function tellTimings({ stderr, options }: Cli, stopwatch: Stopwatch, { timings }: UpFlags): Promise<void> {
  if (options.progress === 'quiet' || !(timings || stderr.isTTY)) return
  const { renderSummary, renderTimings, timingsJson } = await import('../output/timings.ts')
  const read = stopwatch.read()
  if (!timings && read.chain.length === 0) return
  if (options.progress !== 'json') stderr.write(timings ? renderTimings(read) : renderSummary(read))
  else if (timings) stderr.write(timingsJson(read))
}

/** On a terminal, where everything can be reached now. */
async function tellAddresses({ stderr }: Cli, engine: Engine, project: Project): Promise<void> {
  // A script knows the ports, but not the address that an isolated project has.
  if (!stderr.isTTY && !isIsolated(project)) return
  const { addressLines } = await import('../output/addresses.ts')
  const { listContainers } = await import('../../compose/observe.ts')
  for (const line of addressLines(await listContainers(engine, project.name))) stderr.write(`${line}\n`)
}

const isIsolated = ({ name, services }: Project): boolean =>
  Object.values(services).some(({ ports }) => ports.some(({ hostIp }) => hostIp === loopbackAddress(name)))
