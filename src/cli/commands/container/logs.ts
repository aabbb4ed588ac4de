import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { defineLogWindow, type LogWindowFlags, logWindow } from '../../log-window.ts'
import { printStreams } from '../../terminal.ts'

interface LogsFlags extends LogWindowFlags {
  readonly details?: boolean
}

export const define: Define = (command, cli) =>
  defineLogWindow(command.argument('<CONTAINER>'))
    .option('--details', 'With the attributes of the log')
    .action(async (container: string, flags: LogsFlags) => {
      const { follow = false, timestamps = false, details = false } = flags
      const window = logWindow(flags)
      const engine = await connect()
      const { Config } = await engine.containerInspect(container)
      const stream = await engine.containerLogs(container, {
        stdout: true,
        stderr: true,
        follow,
        timestamps,
        details,
        ...window,
      })
      cli.signal.addEventListener('abort', () => stream.destroy(), { once: true })
      await printStreams(cli, stream, Config.Tty ?? false)
    })
