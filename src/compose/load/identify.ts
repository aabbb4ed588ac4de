import { TscomposeError } from '../../errors.ts'
import { discover, type Found, isTrue } from './discover.ts'
import type { LoadOptions } from './index.ts'
import { isolatedName } from './isolate.ts'
import type { ParsedFile } from './parsed-file.ts'
import { projectName } from './project-name.ts'
import { type Environment, lookupIn, Session } from './session.ts'

/** The beginning of every load: which files there are, which environment they are read in, and the project's name. */
export interface Identified {
  readonly session: Session
  readonly found: Found
  readonly name: string
  /** With COMPOSE_PROJECT_NAME. */
  readonly environment: Environment
}

/** @throws TscomposeError COMPOSE_FILE_NOT_FOUND where there is no file */
export async function locate(options: LoadOptions): Promise<Pick<Identified, 'session' | 'found'>> {
  const { cwd, env, files = [], envFiles = [], projectDirectory } = options
  const session = new Session(cwd, env.HOME, options.readStdin ?? readAllOfStdin, options.fetchRemote)
  const found = await discover(
    { cwd, env, files, envFiles, ...(projectDirectory ? { projectDirectory } : {}) },
    session,
  )
  if (found.files.length === 0)
    throw new TscomposeError('COMPOSE_FILE_NOT_FOUND', 'no configuration file provided: not found', {
      fix: `Looked for compose.yaml, compose.yml, docker-compose.yml and docker-compose.yaml in ${found.directory} and above; -f names another file.`,
    })
  return { session, found }
}

/** Whether the project is one of several of the same file. */
export const isIsolated = ({ isolated }: LoadOptions, { environment }: Pick<Found, 'environment'>): boolean =>
  isolated ?? isTrue(environment.TSCOMPOSE_ISOLATED)

/** A name of `-p` is the user's own affair, also in an isolated project. */
export function nameOf(options: LoadOptions, found: Found, files: readonly ParsedFile[]): string {
  const name = plainNameOf(options, found, files)
  return isIsolated(options, found) && !options.projectName ? isolatedName(name, found.directory) : name
}

const plainNameOf = (options: LoadOptions, found: Found, files: readonly ParsedFile[]): string =>
  projectName({
    flag: options.projectName,
    variable: found.environment.COMPOSE_PROJECT_NAME,
    directory: found.directory,
    files,
    lookup: lookupIn(found.environment),
    interpolate: !options.noInterpolate,
    normalize: !options.noNormalize,
  })

async function readAllOfStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
