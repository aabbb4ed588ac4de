/** The program of the engine's process; start-engine.ts runs it. */
import { enginePaths } from './paths.ts'
import { runEngine } from './run-engine.ts'

process.title = 'tscompose-engine'
const again = await runEngine(enginePaths(), async ({ paths, config, report }) => {
  // Loaded while the socket is open already.
  const { openEngine } = await import('../open-engine.ts')
  return openEngine({ dataDir: paths.dataRoot, runDir: paths.runDir, config, report })
})
if (again) process.kill(process.pid, 'SIGKILL') // that is what its keeper starts another one after
process.exit()
