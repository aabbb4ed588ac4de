import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { printInspected } from '../../output/inspect.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<VOLUME...>')
    .option('-f, --format <template>', 'json, or a Go template')
    .action(async (volumes: string[], { format }: { format?: string }) => {
      const engine = await connect()
      await printInspected(cli, volumes, name => engine.volumeInspect(name), format)
    })
