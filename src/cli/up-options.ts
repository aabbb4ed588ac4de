import { type UpOptions, upDefaults } from '../compose/plan/up.ts'
import type { Project } from '../compose/project.ts'
import type { BringUpOptions } from '../compose/up.ts'
import { TscomposeError } from '../errors.ts'
import type { Cli } from './cli.ts'
import { isTrue } from './globals.ts'

/** Flags that `up`, `create`, `scale` and `run` share. */
export interface CommonUpFlags {
  readonly removeOrphans?: boolean
}

/** What the environment and the flags before the command say about bringing a project up. */
export function commonUpOptions(
  cli: Cli,
  project: Project,
  { removeOrphans }: CommonUpFlags,
): UpOptions & Pick<BringUpOptions, 'named'> {
  const variable = (name: string) => isTrue(cli.env[name] ?? project.environment[name])
  const ignore = variable('COMPOSE_IGNORE_ORPHANS')
  const remove = removeOrphans ?? variable('COMPOSE_REMOVE_ORPHANS')
  if (ignore && remove)
    throw new TscomposeError('CLI_FLAG', 'cannot combine COMPOSE_IGNORE_ORPHANS and --remove-orphans')
  return {
    ...upDefaults,
    orphans: remove ? 'remove' : ignore ? 'ignore' : 'warn',
    named: cli.options.projectName !== undefined,
    allResources: cli.options.allResources,
    separator: cli.options.compatibility ? '_' : '-',
  }
}

/** Who may be asked whether a volume is made anew: nobody when nothing is to be changed. */
export function volumeConfirmation(cli: Cli, { yes }: { readonly yes?: boolean }): Pick<BringUpOptions, 'confirm'> {
  if (yes) return { confirm: async () => true }
  if (cli.options.dryRun) return {}
  return {
    confirm: async question => {
      const { confirm } = await import('./confirm.ts')
      return await confirm(cli, `${question} [y/N]:`)
    },
  }
}

/** @returns undefined: the services' own policies */
export function pullPolicy(text: string | undefined): 'always' | 'missing' | 'never' | undefined {
  switch (text) {
    case undefined:
    case 'policy':
      return undefined
    case 'always':
    case 'missing':
    case 'never':
      return text
    case 'if_not_present':
      return 'missing'
    default:
      throw new TscomposeError('CLI_FLAG', `invalid --pull option "${text}"`)
  }
}

/** `web=3`, repeatable. */
export function scaleOptions(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    texts.map(text => {
      const [, service, count] = /^([^=]+)=(\d+)$/.exec(text) ?? []
      if (service === undefined)
        throw new TscomposeError('CLI_FLAG', `invalid --scale option "${text}". Should be SERVICE=NUM`)
      return [service, Number(count)]
    }),
  )
}
