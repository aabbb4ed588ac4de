import type { Command } from 'commander'
import type { Engine } from '../engine/api.ts'
import type { Cli } from './cli.ts'
import { collect } from './command.ts'
import { confirm } from './confirm.ts'
import { connect } from './engine.ts'
import { humanSize } from './output/human-size.ts'
import type { Pruned } from './prunes.ts'

/** The flags of every prune. */
export interface PruneFlags {
  readonly all?: boolean
  readonly filter?: readonly string[]
  readonly force?: boolean
}

/** @param all what `--all` takes besides, where there is such a flag @param filter what `--filter` chooses */
export function pruneOptions(command: Command, { all, filter }: { all?: string; filter: string }): Command {
  if (all !== undefined) command.option('-a, --all', all)
  return command.option('--filter <name=value>', filter, collect).option('-f, --force', 'Do not ask')
}

/** @param warning what is going to be removed, in docker's words */
export const isAgreed = async (cli: Cli, warning: string, { force = false }: PruneFlags): Promise<boolean> =>
  force || (await confirm(cli, `${warning}\nAre you sure you want to continue? [y/N]`))

/** Asks first, unless it is forced, and tells what has gone. */
export async function pruneAsked(
  cli: Cli,
  warning: string,
  flags: PruneFlags,
  prune: (engine: Engine) => Promise<Pruned>,
): Promise<void> {
  if (!(await isAgreed(cli, warning, flags))) return
  const { text, bytes } = await prune(await connect())
  const total = bytes === undefined ? '' : `Total reclaimed space: ${humanSize(bytes)}\n`
  cli.stdout.write(`${text}${total}`)
}
