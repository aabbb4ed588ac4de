import { observeContainers } from '../../compose/observe.ts'
import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'
import { checkOutput, writeArchive } from '../output/archive-file.ts'
import { openProgress } from '../progress/progress.ts'
import { replicaOf, replicaOption } from '../replica.ts'
import { findNamed } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<SERVICE>')
    .option('-o, --output <file>', 'Write to this file instead of standard output')
    .addOption(replicaOption())
    .action(async (service: string, { output, index }: { output?: string; index?: number }) => {
      if (output === undefined && cli.stdout.isTTY)
        throw new TscomposeError('CLI_FLAG', 'output option is required when exporting to terminal')
      await checkOutput(cli, output)
      const { engine, name } = await findNamed(cli)
      const container = replicaOf(await observeContainers(engine, name), service, { index })
      await using progress = await openProgress(cli)
      const tell = (text: string, status: 'working' | 'done') =>
        progress.report({ id: `Container ${container.name}`, text, status })
      progress.begin(new Map([[`Container ${container.name}`, 1]]))
      tell('Exporting', 'working')
      if (!cli.options.dryRun) await writeArchive(cli, await engine.containerExport(container.id), output)
      tell('Exported', 'done')
      await progress.end(false)
    })
