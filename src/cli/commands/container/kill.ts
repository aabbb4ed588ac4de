import type { Define } from '../../command.ts'
import { forEach } from '../../each.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER...>')
    .option('-s, --signal <signal>', 'Signal to send', 'KILL')
    .action(async (containers: string[], { signal }: { signal: string }) => {
      const engine = await connect()
      await forEach(containers, async name => {
        await engine.containerKill(name, signal)
        cli.stdout.write(`${name}\n`)
      })
    })
