import type { Define } from '../../command.ts'
import { forEach } from '../../each.ts'
import { connect } from '../../engine.ts'
import { integer } from '../../numbers.ts'

/** `stop` and `restart` differ in nothing else. */
export const defineEnding =
  (operation: 'containerStop' | 'containerRestart'): Define =>
  (command, cli) =>
    command
      .argument('<CONTAINER...>')
      .option('-s, --signal <signal>', 'What asks it to end')
      .option('-t, --timeout <seconds>', 'Seconds until it is killed; -1: never', integer('--timeout'))
      .action(async (containers: string[], { signal, timeout }: { signal?: string; timeout?: number }) => {
        const engine = await connect()
        await forEach(containers, async name => {
          await engine[operation](name, {
            ...(signal !== undefined && { signal }),
            ...(timeout !== undefined && { timeout }),
          })
          cli.stdout.write(`${name}\n`)
        })
      })

export const define = defineEnding('containerStop')
