import { lockProject } from './lock.ts'
import { observe, observeImages } from './observe.ts'
import { carryOut, type Surroundings } from './operation.ts'
import { planPulls } from './plan/pulls.ts'
import { planUp, type UpOptions } from './plan/up.ts'
import type { Project } from './project.ts'
import { selectServices } from './select.ts'
import { checkSupported } from './translate/supported.ts'
import { withinSeconds } from './wait-timeout.ts'

export interface BringUpOptions extends UpOptions {
  readonly pull?: 'always' | 'missing' | 'never'
  /** Seconds that `wait` may take. */
  readonly waitTimeout?: number
  /** The engine's run-time directory, for the lock. */
  readonly runDir: string
}

/** From the file to running containers: fetch images, look at what is there, plan, carry out. */
export async function bringUp(surroundings: Surroundings, project: Project, options: BringUpOptions): Promise<void> {
  const { engine, signal, warn } = surroundings
  const services = selectServices(project.services, options.services, { alone: options.noDeps })
  for (const warning of checkSupported(project, services)) warn(warning)
  await using _lock = surroundings.dryRun
    ? undefined
    : await lockProject(
        { runDir: options.runDir, project: project.name, purpose: 'up' },
        () => warn(`another command is bringing project "${project.name}" up: waiting for it to end`),
        signal,
      )
  let observed = await observe(engine, project.name, project)
  const operation = { name: project.name, project, preStop: false }
  const pulls = planPulls(project, services, observed.images, {
    command: 'up',
    now: Date.now(),
    ...(options.pull && { policy: options.pull }),
  })
  if (pulls.steps.length > 0) {
    await carryOut(surroundings, { ...operation, observed }, pulls)
    if (!surroundings.dryRun) observed = { ...observed, images: await observeImages(engine, project, services) }
  }
  await withinSeconds(options.waitTimeout ?? 0, signal, until =>
    carryOut({ ...surroundings, signal: until }, { ...operation, observed }, planUp(project, observed, options)),
  )
}
