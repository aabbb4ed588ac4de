import { type Command, Option } from 'commander'
import { TscomposeError } from '../errors.ts'
import { OFFLINE_VARIABLE } from '../offline.ts'
import { collect, type LeafEntry } from './command.ts'

const ansiModes = ['never', 'always', 'auto'] as const
const progressModes = ['auto', 'tty', 'plain', 'json', 'quiet'] as const
type Ansi = (typeof ansiModes)[number]
export type ProgressMode = (typeof progressModes)[number]

/** The flags before the command (docker compose's names), with their variables of the environment applied. */
export interface GlobalOptions {
  /** `-f`; empty: `COMPOSE_FILE`, or the files are searched for. */
  readonly files: readonly string[]
  readonly projectName?: string
  readonly projectDirectory?: string
  readonly profiles: readonly string[]
  readonly envFiles: readonly string[]
  /** Registries whose Compose files may be fetched without TLS. */
  readonly insecureRegistries: readonly string[]
  readonly ansi: Ansi
  readonly progress: ProgressMode
  /** How many engine operations may run at once; Infinity: all. */
  readonly parallel: number
  readonly dryRun: boolean
  /** No registry, git server or URL is asked for anything. */
  readonly offline: boolean
  /** `_` in the names of containers instead of `-`. */
  readonly compatibility: boolean
  /** `--isolated`; absent: what TSCOMPOSE_ISOLATED says, in the environment or in .env. */
  readonly isolated?: boolean
  /** Also create networks and volumes that no service uses. */
  readonly allResources: boolean
}

/** Declares the flags on the program. */
export function defineGlobals(program: Command): void {
  program
    .option('-f, --file <file>', 'Compose file; may be given several times', collect)
    .option('-p, --project-name <name>', 'Project name')
    .option('--project-directory <dir>', 'Base of relative paths and of .env (default: where the first file is)')
    .option('--profile <name>', 'Enable a profile; may be given several times', collect)
    .option('--env-file <file>', 'Read this instead of .env; may be given several times', collect)
    .option('--ansi <when>', 'Colours and cursor control: never, always, auto')
    .option('--progress <form>', 'Form of the progress report: auto, tty, plain, json, quiet')
    .option('--parallel <n>', 'How many operations may run at once; -1: all')
    .option('--dry-run', 'Show the steps, change nothing')
    .option('--offline', 'Ask no registry, no git server, no URL: what is here has to do')
    .option('--compatibility', 'Container names with _ instead of -')
    .option('--isolated', 'Names, addresses and ports of its own for this directory: the same file, many times at once')
    .option('--all-resources', 'Also create networks and volumes that no service uses')
    .option('-v, --version', 'Show the version')
    .addOption(new Option('--workdir <dir>').hideHelp())
    .addOption(new Option('--no-ansi').hideHelp())
    .addOption(new Option('--verbose').hideHelp())
    .addOption(new Option('--insecure-registry <registry>').argParser(collect).hideHelp())
}

/** Declares the flags that stand behind a command as well as before it. */
export function defineCommon(command: Command, { asksOutside }: LeafEntry): void {
  // What works without a project has no plan to show.
  if (command.parent?.parent === null) command.option('--dry-run', 'Show the steps, change nothing')
  if (asksOutside) command.option('--offline', 'Ask no registry, no git server, no URL: what is here has to do')
}

/** What commander collects from the flags of {@link defineGlobals}. */
interface RawGlobals {
  file?: readonly string[]
  projectName?: string
  projectDirectory?: string
  workdir?: string
  profile?: readonly string[]
  envFile?: readonly string[]
  insecureRegistry?: readonly string[]
  /** false with --no-ansi */
  ansi?: string | false
  progress?: string
  parallel?: string
  dryRun?: boolean
  offline?: boolean
  compatibility?: boolean
  isolated?: boolean
  allResources?: boolean
}

export const isTrue = (text: string | undefined): boolean => /^(1|t|true)$/i.test(text ?? '')

/** @throws TscomposeError CLI_FLAG for what contradicts itself or is no value of its flag */
export function resolveGlobals(raw: RawGlobals, env: NodeJS.ProcessEnv): GlobalOptions {
  const bad = (message: string, choices?: readonly string[]) =>
    new TscomposeError('CLI_FLAG', message, choices && { fix: `It can be ${choices.join(', ')}.` })
  if (raw.workdir !== undefined && raw.projectDirectory !== undefined)
    throw bad(`cannot specify DEPRECATED '--workdir' and '--project-directory'. Please use only '--project-directory'`)
  const projectDirectory = raw.projectDirectory ?? raw.workdir
  const ansi = raw.ansi === false ? 'never' : (raw.ansi ?? (env.COMPOSE_ANSI || 'auto'))
  if (!isOneOf(ansi, ansiModes)) throw bad(`unsupported --ansi value "${ansi}"`, ansiModes)
  const progress = raw.progress ?? (env.COMPOSE_PROGRESS || 'auto')
  if (!isOneOf(progress, progressModes)) throw bad(`unsupported --progress value "${progress}"`, progressModes)
  if (progress === 'tty' && ansi === 'never') throw bad(`can't use --progress tty while ANSI support is disabled`)
  if (progress === 'plain' && ansi === 'always') throw bad(`can't use --progress plain while ANSI support is forced`)
  return {
    files: raw.file ?? [],
    ...(raw.projectName !== undefined && { projectName: raw.projectName }),
    ...(projectDirectory !== undefined && { projectDirectory }),
    profiles: raw.profile ?? [],
    envFiles: raw.envFile ?? env.COMPOSE_ENV_FILES?.split(',').filter(file => file !== '') ?? [],
    insecureRegistries: raw.insecureRegistry ?? [],
    ansi,
    progress,
    parallel: parallelLimit(raw.parallel, env.COMPOSE_PARALLEL_LIMIT),
    dryRun: raw.dryRun ?? false,
    offline: raw.offline ?? isTrue(env[OFFLINE_VARIABLE]),
    compatibility: raw.compatibility ?? isTrue(env.COMPOSE_COMPATIBILITY),
    ...(raw.isolated !== undefined && { isolated: raw.isolated }),
    allResources: raw.allResources ?? false,
  }
}

function parallelLimit(flag: string | undefined, variable: string | undefined): number {
  const text = flag ?? (variable || '-1')
  if (!/^-?\d+$/.test(text))
    throw new TscomposeError(
      'CLI_FLAG',
      flag === undefined
        ? `COMPOSE_PARALLEL_LIMIT must be an integer (found: "${text}")`
        : `invalid argument "${text}" for "--parallel" flag: not an integer`,
    )
  const limit = Number(text)
  return limit > 0 ? limit : Number.POSITIVE_INFINITY
}

const isOneOf = <const T extends string>(value: string, choices: readonly T[]): value is T =>
  (choices as readonly string[]).includes(value)
