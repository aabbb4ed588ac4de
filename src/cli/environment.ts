import { parseDotenvText } from '../compose/load/dotenv.ts'
import type { Project } from '../compose/project.ts'
import type { Cli } from './cli.ts'
import { readText } from './input-file.ts'

/**
 * What `-e` gives: `NAME=value` as it is, `NAME` with its value here (the shell's, then `.env`'s). A name that is set
 * nowhere is left out.
 */
export function resolveEnvironment(
  given: readonly string[],
  shell: Readonly<Record<string, string | undefined>>,
  project: Readonly<Record<string, string>> = {},
): string[] {
  return given.flatMap(variable => {
    if (variable.includes('=')) return [variable]
    const value = shell[variable] ?? project[variable]
    return value === undefined ? [] : [`${variable}=${value}`]
  })
}

/** The variables of the files given with --env-from-file, in the order of the files. */
export function readEnvFileFlags(files: readonly string[], cli: Cli, project: Project): string[] {
  const variables: string[] = []
  for (const file of files) {
    const values = parseDotenvText(readText(cli, file), name => project.environment[name])
    variables.push(...Object.entries(values).map(([name, value]) => `${name}=${value}`))
  }
  return variables
}
