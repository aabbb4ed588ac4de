import { version } from '../../engine/version.ts'
import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'

export const define: Define = (command, cli) =>
  command
    .option('-f, --format <format>', 'pretty or json', 'pretty')
    .option('--short', 'Only the number')
    .action(({ format, short }: { format: string; short?: boolean }) => {
      if (format !== 'pretty' && format !== 'json')
        throw new TscomposeError('CLI_FLAG', `format value "${format}" could not be parsed: one of pretty, json`)
      cli.stdout.write(`${printed(format, short)}\n`)
    })

function printed(format: 'pretty' | 'json', short: boolean | undefined): string {
  if (short) return version
  return format === 'json' ? JSON.stringify({ version: `v${version}` }) : `tscompose version v${version}`
}
