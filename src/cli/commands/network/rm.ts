import { ignoring } from '../../../compose/apply/ignoring.ts'
import type { Define } from '../../command.ts'
import { forEach } from '../../each.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<NETWORK...>')
    .option('-f, --force', 'A network that does not exist is no error')
    .action(async (networks: string[], { force }: { force?: boolean }) => {
      const engine = await connect()
      await forEach(networks, name =>
        ignoring(force ? ['ENGINE_NETWORK_NOT_FOUND'] : [], async () => {
          await engine.networkDelete(name)
          cli.stdout.write(`${name}\n`)
        }),
      )
    })
