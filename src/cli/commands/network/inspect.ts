import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { printInspected } from '../../output/inspect.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<NETWORK...>')
    .option('-f, --format <template>', 'json, or a Go template')
    .option('-v, --verbose', 'Accepted for old scripts')
    .action(async (networks: string[], { format }: { format?: string }) => {
      const engine = await connect()
      await printInspected(cli, networks, name => engine.networkInspect(name), format)
    })
