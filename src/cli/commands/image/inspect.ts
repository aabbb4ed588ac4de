import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { printInspected } from '../../output/inspect.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<IMAGE...>')
    .option('-f, --format <template>', 'json, or a Go template')
    .action(async (images: string[], { format }: { format?: string }) => {
      const engine = await connect()
      await printInspected(cli, images, name => engine.imageInspect(name), format)
    })
