import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { home } from '../../home.ts'

/** Where plugins of Docker's client are (docker CLI, "cli-plugins"), those of the user first. */
const pluginDirectories = (env: NodeJS.ProcessEnv): string[] => [
  join(env.DOCKER_CONFIG || join(env.HOME || home(), '.docker'), 'cli-plugins'),
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
]

/**
 * The program of a provider: a plugin `docker-TYPE` of Docker's client, else `TYPE` in PATH.
 * @throws TscomposeError COMPOSE_PROVIDER_FAILED
 */
export async function findProgram(type: string, env: NodeJS.ProcessEnv): Promise<string> {
  // A file may name a program of this machine, but not bring one along.
  if (type === 'compose' || !/^[\w.-]+$/.test(type))
    throw new TscomposeError('COMPOSE_PROVIDER_FAILED', `'${type}' is not a valid provider type`)
  const places = [
    ...pluginDirectories(env).map(directory => join(directory, `docker-${type}`)),
    ...(env.PATH ?? '')
      .split(delimiter)
      .filter(directory => directory.startsWith('/'))
      .map(directory => join(directory, type)),
  ]
  for (const path of places) if (await isExecutable(path)) return path
  throw new TscomposeError('COMPOSE_PROVIDER_FAILED', `provider "${type}": executable file not found in $PATH`, {
    fix: `Install docker-${type} as a plugin of Docker's client, or ${type} in PATH.`,
  })
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
