import { followLogs } from '../../compose/logs/follow.ts'
import { type LogSource, readLog, type ShowLine, showLogs } from '../../compose/logs/show.ts'
import { observeContainers } from '../../compose/observe.ts'
import { serviceOf } from '../../compose/select.ts'
import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'
import { connectSteadily } from '../engine.ts'
import { defineLogWindow, type LogWindowFlags, logWindow } from '../log-window.ts'
import { integer } from '../numbers.ts'
import { newLogPrinter } from '../surroundings.ts'
import { findTarget } from '../target.ts'

interface LogsFlags extends LogWindowFlags {
  readonly index?: number
  readonly color: boolean
  readonly logPrefix: boolean
}

export const define: Define = (command, cli) =>
  defineLogWindow(command.argument('[SERVICE...]'))
    .option('--index <n>', 'Only this replica of the service', integer('--index'))
    .option('--no-color', 'Without colours')
    .option('--no-log-prefix', 'Without the names of the containers')
    .action(async (services: string[], flags: LogsFlags) => {
      if (flags.index && services.length !== 1)
        throw new TscomposeError('CLI_FLAG', '--index requires one service to be selected')
      const tail = /^-\d+$/.test(flags.tail) ? 'all' : flags.tail
      if (tail !== 'all' && !/^\d+$/.test(tail))
        throw new TscomposeError('CLI_FLAG', `invalid argument "${flags.tail}" for "-n, --tail" flag`)
      const options = { ...logWindow(flags), tail }
      const { engine, name, project } = await findTarget(cli, services, connectSteadily)
      if (project) for (const service of services) serviceOf(project.services, service)
      const belongs = (service: string): boolean =>
        services.length > 0 ? services.includes(service) : !project || project.services[service]?.attach === true
      const containers = await observeContainers(engine, name)
      const sources: LogSource[] = containers.filter(
        ({ service, oneOff, number }) => !oneOff && belongs(service) && (!flags.index || number === flags.index),
      )
      if (flags.index && sources.length === 0)
        throw new TscomposeError(
          'COMPOSE_NO_CONTAINER',
          `service "${services[0]}" is not running container #${flags.index}`,
        )
      const printer = newLogPrinter(
        cli,
        name,
        { noColor: !flags.color, noLogPrefix: !flags.logPrefix, timestamps: flags.timestamps ?? false },
        { together: true },
      )
      printer.register(sources.map(({ name }) => name))
      const show: ShowLine = ({ container, stream, text, time }) => printer.print(container, stream, text, time)
      const read = readLog(engine, message => void cli.stderr.write(`${message}\n`), cli.signal)
      if (flags.follow) await followLogs(engine, name, read, sources, belongs, options, show, cli.signal)
      else await showLogs(read, sources, options, show)
    })
