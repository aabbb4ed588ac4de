import { stopEngine } from '../../../engine/daemon/ensure-engine.ts'
import { enginePaths } from '../../../engine/daemon/paths.ts'
import type { Define } from '../../command.ts'

export const define: Define = (command, cli) =>
  command.action(async () => {
    const stopped = await stopEngine(enginePaths())
    cli.stdout.write(stopped ? 'The engine has ended; containers go on.\n' : 'The engine does not run.\n')
  })
