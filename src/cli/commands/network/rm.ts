import { TscomposeError } from '../../../errors.ts'
import type { Define } from '../../command.ts'
import { forEach } from '../../each.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<NETWORK...>')
    .option('-f, --force', 'A network that does not exist is no error')
    .action(async (networks: string[], { force }: { force?: boolean }) => {
      const engine = await connect()
      await forEach(networks, async name => {
        try {
          await engine.networkDelete(name)
          cli.stdout.write(`${name}\n`)
        } catch (error) {
          if (!force || !isMissing(error)) throw error
        }
      })
    })

const isMissing = (error: unknown): boolean =>
  error instanceof TscomposeError && error.code === 'ENGINE_NETWORK_NOT_FOUND'
