import type { Define } from '../../command.ts'
import { forEach } from '../../each.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  command.argument('<CONTAINER...>').action(async (containers: string[]) => {
    const engine = await connect()
    await forEach(containers, async name => {
      await engine.containerUnpause(name)
      cli.stdout.write(`${name}\n`)
    })
  })
