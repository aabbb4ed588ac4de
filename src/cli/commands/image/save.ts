import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { checkOutput, writeArchive } from '../../output/archive-file.ts'
import { forPlatform } from '../../platform.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<IMAGE...>')
    .option('-o, --output <file>', 'Instead of standard output')
    .option('--platform <platform>', 'Of images for several platforms only this one')
    .action(async (images: string[], { output, ...flags }: { output?: string; platform?: string }) => {
      await checkOutput(cli, output)
      await writeArchive(cli, await (await connect()).imageSave(images, forPlatform(flags)), output)
    })
