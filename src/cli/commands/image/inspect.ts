import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { printInspected } from '../../output/inspect.ts'
import { forPlatform } from '../../platform.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<IMAGE...>')
    .option('-f, --format <template>', 'json, or a Go template')
    .option('--platform <platform>', 'Of an image for several platforms this one')
    .action(async (images: string[], { format, ...flags }: { format?: string; platform?: string }) => {
      const engine = await connect()
      await printInspected(cli, images, name => engine.imageInspect(name, forPlatform(flags)), format)
    })
