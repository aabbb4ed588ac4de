import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { checkOutput, writeArchive } from '../../output/archive-file.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<IMAGE...>')
    .option('-o, --output <file>', 'Instead of standard output')
    .action(async (images: string[], { output }: { output?: string }) => {
      await checkOutput(cli, output)
      await writeArchive(cli, await (await connect()).imageSave(images), output)
    })
