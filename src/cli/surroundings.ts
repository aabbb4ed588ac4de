import { LineSplitter } from '../compose/logs/lines.ts'
import type { Surroundings } from '../compose/operation.ts'
import type { Engine } from '../engine/api.ts'
import type { Cli } from './cli.ts'
import { useColor } from './color.ts'
import { LogPrinter, type LogStyle } from './output/log-printer.ts'
import { openProgress } from './progress/progress.ts'

export interface SurroundingsOptions {
  readonly project: string
  readonly quietPull?: boolean
}

/** Connects an operation of the compose layer to the command line: progress and warnings to stderr, hooks to stdout. */
export async function openSurroundings(
  cli: Cli,
  engine: Engine,
  { project, quietPull = false }: SurroundingsOptions,
): Promise<Surroundings & AsyncDisposable> {
  const progress = await openProgress(cli)
  const printer = newLogPrinter(cli, project, {})
  const splitters = new Map<string, LineSplitter>()
  return {
    engine,
    begin: progress.begin,
    end: progress.end,
    report: event => {
      if (!(quietPull && event.parentId !== undefined)) progress.report(event)
    },
    warn: progress.warn,
    hookOutput: (container, stream, chunk) => {
      const splitter = splitters.get(`${container} ${stream}`) ?? new LineSplitter()
      splitters.set(`${container} ${stream}`, splitter)
      for (const line of splitter.push(chunk)) printer.printHook(container, stream, line)
    },
    signal: cli.signal,
    parallel: cli.options.parallel,
    ...(cli.options.dryRun && { dryRun: (plan: string) => void cli.stdout.write(plan) }),
    [Symbol.asyncDispose]: () => progress[Symbol.asyncDispose](),
  }
}

export function newLogPrinter(
  cli: Cli,
  project: string,
  { noColor, noLogPrefix, timestamps }: { noColor?: boolean; noLogPrefix?: boolean; timestamps?: boolean },
  { together = false }: { together?: boolean } = {},
): LogPrinter {
  const style: LogStyle = {
    color: !noColor && useColor(cli, cli.stdout),
    prefix: !noLogPrefix,
    timestamps: timestamps ?? false,
  }
  return new LogPrinter(project, style, (stream, text) => {
    const out = stream === 'stderr' && !together ? cli.stderr : cli.stdout
    out.write(text)
  })
}
