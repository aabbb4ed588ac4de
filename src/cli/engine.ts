import { existsSync } from 'node:fs'
import type { Engine } from '../engine/api.ts'
import type { RemoteEngine } from '../engine/client/remote-engine.ts'
import { steadyEngine } from '../engine/client/steady-engine.ts'
import { ensureEngine } from '../engine/daemon/ensure-engine.ts'
import { enginePaths } from '../engine/daemon/paths.ts'
import { TscomposeError } from '../errors.ts'

/** The engine, started if it does not run. */
export const connect = (): Promise<RemoteEngine> => ensureEngine(enginePaths())

/**
 * For commands that watch what goes on: when the engine ends, they go on with the next, which they start if need be, but
 * not where somebody wants none.
 */
export const connectSteadily = async (): Promise<Engine> =>
  steadyEngine(await connect(), async () => {
    if (existsSync(enginePaths().stoppedFile))
      throw new TscomposeError('ENGINE_STOPPED', 'the engine was stopped; containers go on running', {
        fix: 'Every command starts it again.',
      })
    using _ = await connect()
  })

/** Where this engine keeps what does not outlive the machine. */
export const runDir = (): string => enginePaths().runDir
