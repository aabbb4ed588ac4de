import { label } from '../compose/labels.ts'
import type { Loaded, LoadOptions } from '../compose/load/index.ts'
import type { Project } from '../compose/project.ts'
import { serviceOf } from '../compose/select.ts'
import type { Engine } from '../engine/api.ts'
import { TscomposeError } from '../errors.ts'
import type { Cli } from './cli.ts'
import { tellWarning } from './progress/warnings.ts'

/** What the flags before the command say about where the project is. */
export function loadOptions(cli: Cli): LoadOptions {
  const { options, env, cwd } = cli
  const { insecureRegistries, files, projectName, projectDirectory, profiles, envFiles, isolated } = options
  const shell = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  return {
    cwd,
    env: shell,
    files,
    profiles,
    envFiles,
    // Unused networks and volumes are still the project's: `down` removes them, `up` leaves them out by itself.
    allResources: true,
    fetchRemote: async reference => {
      const { fetchRemote } = await import('../compose/remote/fetch.ts')
      return await fetchRemote(reference, { insecureRegistries, signal: cli.signal })
    },
    ...(isolated !== undefined && { isolated }),
    ...(projectName !== undefined && { projectName }),
    ...(projectDirectory !== undefined && { projectDirectory }),
  }
}

/**
 * The project of the Compose file; its warnings go to stderr.
 * @param names services named on the command line: naming one enables it, whatever its profiles
 */
export async function loadModel(cli: Cli, names: readonly string[]): Promise<Project> {
  return (await loadWhole(cli, names)).project
}

/** The same, with what is to be known of it beside. */
export async function loadWhole(cli: Cli, names: readonly string[]): Promise<Loaded> {
  const { loadProject } = await import('../compose/load/index.ts')
  const options = loadOptions(cli)
  let loaded: Loaded = await loadProject(options)
  const { disabledServices, profiles } = loaded.project
  const activated = names.flatMap(name => disabledServices[name]?.profiles ?? [])
  if (activated.length > 0) loaded = await loadProject({ ...options, profiles: [...profiles, ...activated] })
  for (const warning of loaded.warnings) tellWarning(cli, warning)
  return loaded
}

/** Tells what of the file an isolated project leaves out, when it is made: later commands have nothing new to say. */
export async function tellLeftOut(cli: Cli, engine: Engine, { project, leftOut }: Loaded): Promise<void> {
  if (leftOut.length === 0) return
  const filters = { label: [`${label.project}=${project.name}`] }
  if ((await engine.networkList({ filters })).length > 0) return
  for (const warning of leftOut) tellWarning(cli, warning)
}

/**
 * For commands on an existing project: with -p alone the file is not read, and where COMPOSE_PROJECT_NAME tells the
 * name, a file that cannot be read, or does not have the services, is done without (compose-file.md, "File discovery").
 */
export async function loadOrName(
  cli: Cli,
  names: readonly string[],
): Promise<{ readonly name: string; readonly project?: Project }> {
  const { projectName, files } = cli.options
  if (projectName !== undefined && files.length === 0) return { name: checkedName(projectName) }
  try {
    const project = await loadModel(cli, names)
    for (const name of names) serviceOf(project.services, name)
    return { name: project.name, project }
  } catch (error) {
    const name = cli.env.COMPOSE_PROJECT_NAME
    if (!name || !(error instanceof TscomposeError)) throw error
    return { name: checkedName(name) }
  }
}

/**
 * The name of the project, and its environment, for commands that need to know no more than that: a file is looked at
 * only for its name, and as {@link loadOrName} does without where it can.
 */
export async function findName(
  cli: Cli,
): Promise<{ readonly name: string; readonly environment: Readonly<Record<string, string>> }> {
  const { projectName, files } = cli.options
  if (projectName !== undefined && files.length === 0) return { name: checkedName(projectName), environment: {} }
  const { findProjectName } = await import('../compose/load/find-name.ts')
  try {
    return await findProjectName(loadOptions(cli))
  } catch (error) {
    const name = cli.env.COMPOSE_PROJECT_NAME
    if (!name || !(error instanceof TscomposeError)) throw error
    return { name: checkedName(name), environment: {} }
  }
}

function checkedName(name: string): string {
  if (/^[a-z0-9][a-z0-9_-]*$/.test(name)) return name
  throw new TscomposeError(
    'COMPOSE_PROJECT_NAME',
    `invalid project name "${name}": must consist only of lowercase alphanumeric characters, hyphens, and underscores ` +
      'as well as start with a letter or number',
  )
}
