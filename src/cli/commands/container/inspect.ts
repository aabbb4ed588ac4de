import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { printInspected } from '../../output/inspect.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER...>')
    .option('-f, --format <template>', 'json, or a Go template')
    .option('-s, --size', 'Also what it takes on disk')
    .action(async (containers: string[], { format, size = false }: { format?: string; size?: boolean }) => {
      const engine = await connect()
      await printInspected(cli, containers, name => engine.containerInspect(name, { size }), format)
    })
