import { engineStatus } from '../../../engine/daemon/ensure-engine.ts'
import { enginePaths } from '../../../engine/daemon/paths.ts'
import { type Define, Exit } from '../../command.ts'
import { describeEngine } from '../../output/engine-status.ts'

export const define: Define = (command, cli) =>
  command.option('--format <format>', 'text or json', 'text').action(async ({ format }: { format: string }) => {
    const status = await engineStatus(enginePaths())
    if (format === 'json') cli.stdout.write(`${JSON.stringify(status ?? null)}\n`)
    else
      cli.stdout.write(status ? describeEngine(status) : 'The engine does not run; commands that need it start it.\n')
    if (!status) throw new Exit(1)
  })
