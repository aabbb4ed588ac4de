import { TscomposeError } from '../errors.ts'

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
