import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'

export const define: Define = command =>
  command
    .argument('<CONTAINER>')
    .argument('<NEW_NAME>')
    .action(async (container: string, name: string) => (await connect()).containerRename(container, name))
