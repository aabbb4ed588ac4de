import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'

const letters = ['C', 'A', 'D']

export const define: Define = (command, cli) =>
  command.argument('<CONTAINER>').action(async (container: string) => {
    const changes = await (await connect()).containerChanges(container)
    cli.stdout.write(changes.map(({ Kind, Path }) => `${letters[Kind]} ${Path}\n`).join(''))
  })
