import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'

export const define: Define = command =>
  command
    .argument('<NETWORK>')
    .argument('<CONTAINER>')
    .option('-f, --force', 'Also where the container does not answer')
    .action(async (network: string, container: string, { force }: { force?: boolean }) => {
      await (await connect()).networkDisconnect(network, container, force)
    })
