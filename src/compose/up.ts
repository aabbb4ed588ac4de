import { withApiSocket } from './api-socket.ts'
import { servicesToBuild } from './build/build.ts'
import { lockProject } from './lock.ts'
import { observe, observeImages } from './observe.ts'
import { carryOut, type Surroundings } from './operation.ts'
import { otherDirectory, otherDirectoryWarning } from './other-directory.ts'
import { renderBuilds, withBuilt } from './plan/builds.ts'
import type { Observed } from './plan/observed.ts'
import { isPulledFirst, planPulls } from './plan/pulls.ts'
import { divergedVolumes } from './plan/resources.ts'
import { planUp, type UpOptions } from './plan/up.ts'
import type { Project, Service } from './project.ts'
import { isProvided, upProviders, withoutProviders } from './providers/providers.ts'
import { selectServices } from './select.ts'
import type { Timed } from './timings/timings.ts'
import { checkSupported } from './translate/supported.ts'
import { withinSeconds } from './wait-timeout.ts'

export interface BringUpOptions extends UpOptions {
  readonly pull?: 'always' | 'missing' | 'never'
  /** Builds the images of services; `missing` is the default. */
  readonly build?: {
    readonly when: 'always' | 'missing' | 'never'
    readonly run: (services: readonly Service[], timed: Timed) => Promise<void>
  }
  /** Asks whether a volume may be made anew. Without it none is. */
  readonly confirm?: (question: string) => Promise<boolean>
  /** Seconds that `wait` may take. */
  readonly waitTimeout?: number
  /** The project has its name from the command line: another directory may well have given it to it, too. */
  readonly named?: boolean
  /** The engine's run-time directory, for the lock. */
  readonly runDir: string
}

/**
 * From the file to running containers: what is provided, fetch images, look at what is there, plan, carry out.
 * @returns the project of containers, with the variables that providers, and the socket that the engine has handed to them
 */
export async function bringUp(surroundings: Surroundings, whole: Project, options: BringUpOptions): Promise<Project> {
  const { engine, signal, warn } = surroundings
  const all = selectServices(whole.services, options.services, { alone: options.noDeps })
  const services = all.filter(service => !isProvided(service))
  for (const warning of checkSupported(whole, services)) warn(warning)
  await using _lock = surroundings.dryRun
    ? undefined
    : await lockProject(
        { runDir: options.runDir, project: whole.name, purpose: 'up' },
        () => warn(`another command is bringing project "${whole.name}" up: waiting for it to end`),
        signal,
      )
  const provided = surroundings.dryRun ? withoutProviders(whole) : await upProviders(surroundings, whole, all)
  const project = await withApiSocket(provided, signal)
  if (services.length === 0 && all.length > 0) return project
  let observed = await observe(engine, project.name, project)
  const other = options.named || options.orphans === 'ignore' ? undefined : otherDirectory(project, observed)
  if (other !== undefined) warn(otherDirectoryWarning(project, other))
  const operation = { name: project.name, project, preStop: false }
  const { build } = options
  const now = Date.now()
  const policy = options.pull && { policy: options.pull }
  const pull = async (some: readonly Service[], more: { readonly ignoreFailures?: boolean } = {}) => {
    const pulls = planPulls(project, some, observed.images, { command: 'up', now, ...policy, ...more })
    if (pulls.steps.length === 0) return
    await carryOut(surroundings, { ...operation, observed }, pulls)
    if (!surroundings.dryRun) observed = { ...observed, images: await observeImages(engine, project, services) }
  }
  const pulledFirst = build?.when === 'missing' ? services.filter(one => isPulledFirst(one, options.pull)) : []
  await pull(pulledFirst, { ignoreFailures: true })
  const rest = services.filter(service => !pulledFirst.includes(service))
  const buildable = surroundings.dryRun ? rest : services
  const unbuilt = build ? servicesToBuild(project, buildable, name => name in observed.images, build.when) : []
  if (unbuilt.length > 0 && surroundings.dryRun) {
    surroundings.dryRun(renderBuilds(project, unbuilt, observed.images))
    observed = { ...observed, images: withBuilt(project, unbuilt, observed.images) }
  }
  if (build && unbuilt.length > 0 && !surroundings.dryRun) {
    await build.run(unbuilt, surroundings.stopwatch?.built ?? ((_, act) => act()))
    observed = { ...observed, images: await observeImages(engine, project, services) }
  }
  await pull(rest)
  const recreateVolumes = await volumesToRecreate(project, observed, services, options)
  const named = options.services.filter(name => name in project.services)
  // Of a provider alone remains what it depends on.
  const containers = options.services.length > 0 && named.length === 0 ? services.map(({ name }) => name) : named
  const plan = planUp(project, observed, { ...options, services: containers, recreateVolumes })
  await withinSeconds(options.waitTimeout ?? 0, signal, until =>
    carryOut({ ...surroundings, signal: until }, { ...operation, observed }, plan),
  )
  return project
}

async function volumesToRecreate(
  project: Project,
  observed: Observed,
  services: readonly Service[],
  { confirm }: BringUpOptions,
): Promise<string[]> {
  const agreed: string[] = []
  for (const { key, name } of divergedVolumes(project, observed, services)) {
    const question = `Volume "${name}" exists but doesn't match configuration in compose file. Recreate (data will be lost)?`
    if (await confirm?.(question)) agreed.push(key)
  }
  return agreed
}
