import type { OnBuild } from '../../compose/build/build.ts'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { useColor } from '../color.ts'
import { BuildProgress } from './build-progress.ts'
import { effectiveMode } from './progress.ts'

/** Shows builds, on stderr. */
export interface BuildDisplay extends AsyncDisposable {
  readonly tell: OnBuild
}

const modes = ['auto', 'tty', 'plain', 'json', 'rawjson', 'quiet', 'none'] as const

/**
 * One of the forms of `--progress`.
 * @param mode of the command itself; otherwise `BUILDKIT_PROGRESS`, or the program's
 * @throws TscomposeError CLI_FLAG
 */
export async function openBuildProgress(
  cli: Cli,
  {
    mode = cli.env.BUILDKIT_PROGRESS || undefined,
    quiet,
  }: { readonly mode?: string | undefined; readonly quiet: boolean },
): Promise<BuildDisplay> {
  const wanted = mode ?? cli.options.progress
  if (!(modes as readonly string[]).includes(wanted))
    throw new TscomposeError('CLI_FLAG', `invalid progress mode "${wanted}": one of ${modes.join(', ')}`)
  const { stderr } = cli
  const none = { tell: () => {}, async [Symbol.asyncDispose]() {} }
  if (quiet || wanted === 'quiet' || wanted === 'none') return none
  if (wanted === 'json' || wanted === 'rawjson')
    return {
      ...none,
      tell: (service, message) => void stderr.write(`${JSON.stringify(service ? { service, ...message } : message)}\n`),
    }
  const form = effectiveMode(wanted === 'tty' || wanted === 'plain' ? wanted : 'auto', cli.options.ansi, stderr)
  if (form === 'tty') {
    const { openBuildScreen } = await import('./build-screen.ts')
    return openBuildScreen(stderr, { color: useColor(cli, stderr) })
  }
  const progress = new BuildProgress(text => void stderr.write(text))
  return { tell: progress.tell, [Symbol.asyncDispose]: async () => progress.close() }
}
