import type { Engine } from '../engine/api.ts'
import type { Cli } from './cli.ts'
import { confirm } from './confirm.ts'
import { connect } from './engine.ts'
import { humanSize } from './output/human-size.ts'

/** What a removal of the unused has removed: in docker's words, and bytes. */
export interface Pruned {
  readonly text: string
  readonly bytes: number
}

/** The text is empty where there are no names. */
export const section = (title: string, names: readonly string[]): string =>
  names.length > 0 ? `Deleted ${title}:\n${names.map(name => `${name}\n`).join('')}\n` : ''

/** Asks first, unless it is forced, and tells what has gone. */
export async function pruneAsked(
  cli: Cli,
  { warning, force = false }: { readonly warning: string; readonly force?: boolean | undefined },
  prune: (engine: Engine) => Promise<Pruned>,
): Promise<void> {
  if (!force && !(await confirm(cli, `${warning}\nAre you sure you want to continue? [y/N]`))) return
  const { text, bytes } = await prune(await connect())
  cli.stdout.write(`${text}Total reclaimed space: ${humanSize(bytes)}\n`)
}
