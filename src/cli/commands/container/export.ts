import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { checkOutput, writeArchive } from '../../output/archive-file.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER>')
    .option('-o, --output <file>', 'Write to this file instead of standard output')
    .action(async (container: string, { output }: { output?: string }) => {
      await checkOutput(cli, output)
      await writeArchive(cli, await (await connect()).containerExport(container), output)
    })
