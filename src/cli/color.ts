import type { Cli } from './cli.ts'

/** Colours are for a terminal that was not told otherwise. */
export const useColor = ({ options, env }: Cli, { isTTY }: { readonly isTTY?: boolean }): boolean =>
  options.ansi === 'always' || (options.ansi === 'auto' && !!isTTY && !env.NO_COLOR)
