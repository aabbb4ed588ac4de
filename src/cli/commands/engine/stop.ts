import { stopEngine } from '../../../engine/daemon/ensure-engine.ts'
import { enginePaths } from '../../../engine/daemon/paths.ts'
import type { Define } from '../../command.ts'

export const define: Define = (command, cli) =>
  command
    .option('--containers', 'End the containers first, as the machine does when it goes down')
    .action(async ({ containers }: { containers?: boolean }) => {
      const stopped = await stopEngine(enginePaths(), containers ? 'end' : 'go on')
      const ended = containers
        ? 'The containers and the engine have ended; with the next engine those start again that are to.\n'
        : 'The engine has ended; containers go on.\n'
      cli.stdout.write(stopped ? ended : 'The engine does not run.\n')
    })
