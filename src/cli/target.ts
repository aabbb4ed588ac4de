import { lifecycleFromLabels, observe, observeContainers } from '../compose/observe.ts'
import type { Lifecycle } from '../compose/plan/lifecycle.ts'
import type { Observed } from '../compose/plan/observed.ts'
import type { Project } from '../compose/project.ts'
import type { Engine } from '../engine/api.ts'
import type { Cli } from './cli.ts'
import { connect } from './engine.ts'
import { findName, loadOrName } from './model.ts'

/** An existing project that a command acts on: with its file, or only by its name. */
export interface Target {
  readonly engine: Engine
  readonly name: string
  /** Absent where no file was read: what containers say about themselves has to do. */
  readonly project?: Project
}

export interface ObservedTarget extends Target {
  readonly observed: Observed
  /** The services: those of the file, or those there are containers of. */
  readonly services: Lifecycle
}

/** @param names the services named on the command line */
export async function findTarget(
  cli: Cli,
  names: readonly string[],
  connectTo: () => Promise<Engine> = connect,
): Promise<Target> {
  const [found, engine] = await Promise.all([loadOrName(cli, names), connectTo()])
  return { engine, ...found }
}

/** A project by its name alone: nothing of the file matters but that. */
export async function findNamed(
  cli: Cli,
): Promise<Target & { readonly environment: Readonly<Record<string, string>> }> {
  const [found, engine] = await Promise.all([findName(cli), connect()])
  return { engine, ...found }
}

/** The file is read only where it has to tell whether there are such services. */
export const findForServices = async (cli: Cli, names: readonly string[]): Promise<Target> =>
  names.length > 0 ? await findTarget(cli, names) : await findNamed(cli)

/** @param everything networks, volumes and images, too */
export async function observeTarget(
  cli: Cli,
  names: readonly string[],
  { everything = false }: { everything?: boolean } = {},
): Promise<ObservedTarget> {
  const target = await findTarget(cli, names)
  const observed = everything
    ? await observe(target.engine, target.name, target.project)
    : {
        containers: await observeContainers(target.engine, target.name),
        hookContainers: [],
        networks: [],
        volumes: [],
        images: {},
      }
  return { ...target, observed, services: target.project?.services ?? lifecycleFromLabels(observed.containers) }
}
