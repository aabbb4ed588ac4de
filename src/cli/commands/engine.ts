import { engineStatus, ensureEngine, stopEngine } from '../../engine/daemon/ensure-engine.ts'
import { enginePaths } from '../../engine/daemon/paths.ts'
import type { EngineStatus } from '../../engine/engine-status.ts'
import { type Define, Exit, group } from '../command.ts'

export const define: Define = (command, cli) => {
  group(command, cli)
  command
    .command('status')
    .description('Say whether the engine runs; exit code 1 if not')
    .option('--format <format>', 'text or json', 'text')
    .action(async ({ format }: { format: string }) => {
      const status = await engineStatus(enginePaths())
      if (format === 'json') cli.stdout.write(`${JSON.stringify(status ?? null)}\n`)
      else cli.stdout.write(status ? describe(status) : 'The engine does not run; commands that need it start it.\n')
      if (!status) throw new Exit(1)
    })
  command
    .command('start')
    .description('Start the engine, which other commands do when they need it')
    .action(async () => {
      const engine = await ensureEngine(enginePaths())
      cli.stdout.write(describe(await engine.engineStatus()))
    })
  command
    .command('stop')
    .description('End the engine; containers go on, and the next command finds them')
    .action(async () => {
      const stopped = await stopEngine(enginePaths())
      cli.stdout.write(stopped ? 'The engine has ended; containers go on.\n' : 'The engine does not run.\n')
    })
}

const describe = (status: EngineStatus): string =>
  [
    `The engine runs: process ${status.pid}, since ${status.startedAt}`,
    `  version     ${status.version} (API ${status.apiVersion})`,
    `  containers  ${status.containersRunning} running`,
    `  data        ${status.dataRoot}`,
    `  socket      ${status.runDir}/engine.sock`,
    '',
  ].join('\n')
