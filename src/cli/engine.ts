import { existsSync } from 'node:fs'
import type { RemoteEngine } from '../engine/client/remote-engine.ts'
import { steadyEngine } from '../engine/client/steady-engine.ts'
import { ensureEngine } from '../engine/daemon/ensure-engine.ts'
import { enginePaths } from '../engine/daemon/paths.ts'
import { TscomposeError } from '../errors.ts'

/** The engine, started if it does not run. When it ends meanwhile, the next one is asked: see steadyEngine(). */
export const connect = async (): Promise<RemoteEngine> => steadyEngine(await ensure(), start)

/** For commands that watch what goes on: they, too, go on with the next engine, but not where somebody wants none. */
export const connectSteadily = async (): Promise<RemoteEngine> =>
  steadyEngine(await ensure(), async () => {
    if (existsSync(enginePaths().stoppedFile))
      throw new TscomposeError('ENGINE_STOPPED', 'the engine was stopped; containers go on running', {
        fix: 'Every command starts it again.',
      })
    await start()
  })

const ensure = (): Promise<RemoteEngine> => ensureEngine(enginePaths())

async function start(): Promise<void> {
  using _ = await ensure()
}

/** Where this engine keeps what does not outlive the machine. */
export const runDir = (): string => enginePaths().runDir
