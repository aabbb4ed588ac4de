import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { printStreams } from '../../terminal.ts'
import { parseTime } from '../../times.ts'

interface LogsFlags {
  readonly details?: boolean
  readonly follow?: boolean
  readonly since?: string
  readonly tail: string
  readonly timestamps?: boolean
  readonly until?: string
}

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER>')
    .option('--details', 'With the attributes of the log')
    .option('-f, --follow', 'Go on with what is written from now on')
    .option('--since <time>', 'From then on: RFC 3339, Unix seconds, or how long ago (42m)')
    .option('-n, --tail <lines>', 'Only so many lines at the end', 'all')
    .option('-t, --timestamps', 'With the time of each line')
    .option('--until <time>', 'Up to then')
    .action(async (container: string, flags: LogsFlags) => {
      const { follow = false, timestamps = false, details = false, since, until, tail } = flags
      const now = Date.now()
      const engine = await connect()
      const { Config } = await engine.containerInspect(container)
      const stream = await engine.containerLogs(container, {
        stdout: true,
        stderr: true,
        follow,
        timestamps,
        details,
        tail,
        ...(since !== undefined && { since: parseTime(since, now) }),
        ...(until !== undefined && { until: parseTime(until, now) }),
      })
      cli.signal.addEventListener('abort', () => stream.destroy(), { once: true })
      await printStreams(cli, stream, Config.Tty ?? false)
    })
