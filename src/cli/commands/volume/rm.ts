import type { Define } from '../../command.ts'
import { forEach } from '../../each.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<VOLUME...>')
    .option('-f, --force', 'A volume that does not exist is no error')
    .action(async (volumes: string[], { force = false }: { force?: boolean }) => {
      const engine = await connect()
      await forEach(volumes, async name => {
        await engine.volumeDelete(name, { force })
        cli.stdout.write(`${name}\n`)
      })
    })
