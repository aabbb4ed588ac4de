import { dirname, join, resolve } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { readEnvFiles } from './env-files.ts'
import { isRemoteFile } from './remote-files.ts'
import type { Environment, Session } from './session.ts'
import { isFile, lookupIn, statOf } from './session.ts'

/** What the command line and the environment say about where a project is. */
export interface Request {
  readonly cwd: string
  readonly files: readonly string[]
  readonly projectDirectory?: string
  /** `--env-file`; empty: `.env`. */
  readonly envFiles: readonly string[]
  readonly env: Environment
}

export interface Found {
  /** Absolute paths, or `-`, in the order in which they are merged; may be empty. */
  readonly files: readonly string[]
  /** The project directory, absolute. */
  readonly directory: string
  /** The shell's variables over those of env files. */
  readonly environment: Environment
  /** Env files that were read, absolute. */
  readonly envFiles: readonly string[]
  /** Where each variable of an env file was read. */
  readonly sources: ReadonlyMap<string, { readonly file: string; readonly line: number }>
}

export const fileNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']
const overrideNames = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
]

/** Finds the files of a project and the environment they are read in (compose-file.md, "File discovery"). */
export async function discover(request: Request, session: Session): Promise<Found> {
  return await new Discovery(request, session).run()
}

class Discovery {
  readonly #request: Request
  readonly #session: Session
  readonly #sources = new Map<string, { file: string; line: number }>()
  /** Files of registries, which are nowhere: their paths are relative to where the command runs. */
  readonly #placeless = new Set<string>()
  #environment: Environment
  #envFiles: string[]
  #files: string[]

  constructor(request: Request, session: Session) {
    this.#request = request
    this.#session = session
    this.#environment = { PWD: request.cwd, ...request.env }
    const fromEnv = request.env.COMPOSE_ENV_FILES
    const names = request.envFiles.length > 0 ? request.envFiles : fromEnv ? fromEnv.split(',') : []
    this.#envFiles = names.map(name => resolve(request.cwd, name))
    this.#files = [...request.files]
  }

  async run(): Promise<Found> {
    const explicit = this.#envFiles.length > 0
    // Once for where we are, since it may say which files to read, and once for where the project turns out to be.
    if (!explicit) await this.#useDotEnv()
    await this.#readEnvironment()
    await this.#fromVariable()
    if (this.#files.length === 0) await this.#search()
    await this.#fetchRemote()
    if (!explicit) {
      await this.#useDotEnv()
      await this.#readEnvironment()
    }
    return {
      files: this.#files.map(file => (file === '-' ? file : resolve(this.#request.cwd, file))),
      directory: this.#directory(),
      environment: this.#environment,
      envFiles: this.#envFiles,
      sources: this.#sources,
    }
  }

  #directory(): string {
    const { cwd, projectDirectory } = this.#request
    if (projectDirectory) return resolve(cwd, projectDirectory)
    const file = this.#files.find(name => name !== '-' && !isRemoteFile(name) && !this.#placeless.has(name))
    return file === undefined ? cwd : dirname(resolve(cwd, file))
  }

  async #fetchRemote(): Promise<void> {
    for (const [index, name] of this.#files.entries()) {
      if (!isRemoteFile(name)) continue
      const { path, directory } = await this.#session.remote.get(name)
      this.#files[index] = path
      if (directory === undefined) this.#placeless.add(path)
    }
  }

  async #useDotEnv(): Promise<void> {
    if (isTrue(this.#request.env.COMPOSE_DISABLE_ENV_FILE)) return
    const file = join(this.#directory(), '.env')
    if (isFile(file)) this.#envFiles = [file]
  }

  /** What is set already stays as it is. */
  async #readEnvironment(): Promise<void> {
    const read = await readEnvFiles(this.#envFiles, lookupIn(this.#environment), this.#session)
    const added: Record<string, string> = {}
    for (const [key, { value, source, offset }] of read) {
      if (Object.hasOwn(this.#environment, key)) continue
      added[key] = value
      this.#sources.set(key, { file: source.shown, line: source.line(offset) })
    }
    this.#environment = { ...this.#environment, ...added }
  }

  async #fromVariable(): Promise<void> {
    const variable = this.#environment.COMPOSE_FILE
    if (this.#files.length > 0 || variable === undefined) return
    const names = variable.split(this.#environment.COMPOSE_PATH_SEPARATOR || ':')
    for (const name of names) {
      const path = name === '-' || isRemoteFile(name) ? name : resolve(this.#request.cwd, name)
      if (path !== '-' && !isRemoteFile(path) && !statOf(path))
        throw new TscomposeError('COMPOSE_FILE_NOT_FOUND', `stat ${path}: no such file or directory`, {
          fix: `COMPOSE_FILE names it: ${variable}.`,
        })
      this.#files.push(path)
    }
  }

  /** Looks here and in each directory above. */
  async #search(): Promise<void> {
    for (let directory = this.#directory(); ; directory = dirname(directory)) {
      const found = this.#present(directory, fileNames)
      const [winner] = found
      if (winner !== undefined) {
        this.#choose('config', found)
        const overrides = this.#present(directory, overrideNames)
        this.#files = [winner]
        if (overrides[0] !== undefined) {
          this.#choose('override', overrides)
          this.#files.push(overrides[0])
        }
        return
      }
      if (dirname(directory) === directory) return
    }
  }

  #present(directory: string, names: readonly string[]): string[] {
    return names.map(name => join(directory, name)).filter(path => statOf(path))
  }

  #choose(kind: string, found: readonly string[]): void {
    if (found.length < 2) return
    this.#session.warn({ message: `Found multiple ${kind} files with supported names: ${found.join(', ')}` })
    this.#session.warn({ message: `Using ${found[0]}` })
  }
}

/** Go's strconv.ParseBool. */
export const isTrue = (text: string | undefined): boolean =>
  ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text ?? '')
