import type { Command } from 'commander'
import { TscomposeError } from '../errors.ts'
import { collect, plainOption } from './command.ts'
import { integer } from './numbers.ts'

/** The flags of `up` (compose-cli.md, section 3.1), as commander has them. */
export interface UpFlags {
  readonly detach?: boolean
  readonly build?: boolean
  /** Only false with --no-build. */
  readonly noBuild?: boolean
  readonly pull?: string
  readonly quietPull?: boolean
  readonly quietBuild?: boolean
  readonly start: boolean
  readonly deps: boolean
  readonly forceRecreate?: boolean
  readonly recreate: boolean
  readonly alwaysRecreateDeps?: boolean
  readonly renewAnonVolumes?: boolean
  readonly removeOrphans?: boolean
  readonly scale?: readonly string[]
  readonly timeout?: number
  readonly wait?: boolean
  readonly waitTimeout: number
  readonly abortOnContainerExit?: boolean
  readonly abortOnContainerFailure?: boolean
  readonly exitCodeFrom?: string
  readonly attach?: readonly string[]
  readonly attachDependencies?: boolean
  readonly noAttach?: readonly string[]
  readonly color: boolean
  readonly logPrefix: boolean
  readonly timestamps?: boolean
  readonly timings?: boolean
  readonly watch?: boolean
  readonly menu?: boolean
  readonly yes?: boolean
}

/** Declares the flags of `up`, and which services it is for. */
export const withUpFlags = (command: Command): Command =>
  command
    .argument('[SERVICE...]')
    .option('-d, --detach', 'Return once everything is started')
    .option('--build', 'Build images first')
    .addOption(plainOption('--no-build', 'Never build'))
    .option('--pull <policy>', 'When to fetch images: always, missing, never, policy')
    .option('--quiet-pull', 'No progress of pulls')
    .option('--quiet-build', 'No progress of builds')
    .option('--no-start', 'Create only')
    .option('--no-deps', 'Leave dependencies alone')
    .option('--force-recreate', 'Recreate containers that are up to date')
    .option('--no-recreate', 'Never recreate a container')
    .option('--always-recreate-deps', 'Recreate dependencies, too')
    .option('-V, --renew-anon-volumes', 'Fresh anonymous volumes for recreated containers')
    .option('--remove-orphans', 'Remove containers of services that are not in the file')
    .option('--scale <service=n>', 'So many containers for a service; may be given several times', collect)
    .option('-t, --timeout <seconds>', 'Grace period instead of the services’ own', integer('-t, --timeout'))
    .option('--wait', 'Return once everything is running or healthy')
    .option('--wait-timeout <seconds>', 'Limit for --wait; 0: none', integer('--wait-timeout'), 0)
    .option('--abort-on-container-exit', 'Stop everything when a container ends')
    .option('--abort-on-container-failure', 'Stop everything when a container fails')
    .option('--exit-code-from <service>', 'Exit with the code of this service, and stop when a container ends')
    .option('--attach <service>', 'Only show these; may be given several times', collect)
    .option('--attach-dependencies', 'Also show dependencies')
    .addOption(plainOption('--no-attach <service>', 'Do not show these; may be given several times').argParser(collect))
    .option('--no-color', 'Without colours')
    .option('--no-log-prefix', 'Without the names of the containers')
    .option('--timestamps', 'With the time of each line')
    .option('--timings', 'Tell how long each service took, and the critical chain')
    .option('-w, --watch', 'Carry changes of files into the containers (develop.watch)')
    .option('--menu', 'Heed keys while attached: w watch, d detach (the default on a terminal)')
    .option('-y, --yes', 'Answer questions with yes')

/**
 * Refuses flags that contradict each other, in docker compose's words.
 * @throws TscomposeError CLI_FLAG
 */
export function checkUpFlags(flags: UpFlags): void {
  const incompatible: [boolean | undefined, string][] = [
    [flags.build && flags.noBuild, '--build and --no-build are incompatible'],
    [flags.forceRecreate && !flags.recreate, '--force-recreate and --no-recreate are incompatible'],
    [flags.renewAnonVolumes && !flags.recreate, '--no-recreate and --renew-anon-volumes are incompatible'],
    [flags.alwaysRecreateDeps && !flags.recreate, '--always-recreate-deps and --no-recreate are incompatible'],
    [flags.noBuild && flags.watch, '--no-build and --watch are incompatible'],
    [
      flags.abortOnContainerFailure && flags.abortOnContainerExit,
      '--abort-on-container-failure cannot be combined with --abort-on-container-exit',
    ],
    [flags.attachDependencies && (flags.attach?.length ?? 0) > 0, 'cannot combine --attach and --attach-dependencies'],
    [flags.waitTimeout < 0, '--wait-timeout must be a non-negative integer'],
    [flags.detach && inForeground(flags), `--detach cannot be combined with ${foregroundFlags}`],
    [flags.wait && inForeground(flags), `--wait cannot be combined with ${foregroundFlags}`],
  ]
  const message = incompatible.find(([holds]) => holds)?.[1]
  if (message !== undefined) throw new TscomposeError('CLI_FLAG', message)
}

const foregroundFlags =
  '--abort-on-container-exit, --abort-on-container-failure, --attach, --attach-dependencies or --watch'

const inForeground = (flags: UpFlags): boolean =>
  !!flags.abortOnContainerExit ||
  !!flags.abortOnContainerFailure ||
  flags.exitCodeFrom !== undefined ||
  !!flags.attachDependencies ||
  !!flags.watch ||
  (flags.attach?.length ?? 0) > 0
