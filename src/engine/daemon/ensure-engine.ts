import { TscomposeError } from '../../errors.ts'
import { connectEngine, type RemoteEngine } from '../client/remote-engine.ts'
import type { EngineStatus } from '../engine-status.ts'
import type { EnginePaths } from './paths.ts'

/** How often an engine may vanish between being ready and being asked, until that is an error. */
const ATTEMPTS = 3

/**
 * Connects to the engine, and starts it where none runs.
 * @param start starts one; resolves when it can be connected to
 * @throws TscomposeError ENGINE_NEEDS_ROOT, ENGINE_START_FAILED, or what the engine threw while it opened
 */
export async function ensureEngine(
  paths: EnginePaths,
  start: (paths: EnginePaths) => Promise<void> = startOnDemand,
): Promise<RemoteEngine> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await answeringEngine(paths)
    } catch (error) {
      if (!isAbsent(error) || attempt > ATTEMPTS) throw error
    }
    await start(paths)
  }
}

/** What the engine says of its process; undefined where none runs. */
export async function engineStatus(paths: EnginePaths): Promise<EngineStatus | undefined> {
  return ifRunning(paths, engine => engine.engineStatus())
}

/**
 * Ends the engine's process; containers go on running, or end first. Resolves when it is gone.
 * @returns false where none runs
 */
export async function stopEngine(paths: EnginePaths, containers: 'go on' | 'end' = 'go on'): Promise<boolean> {
  const stopped = await ifRunning(paths, async engine => {
    await engine.engineStop(containers)
    return true
  })
  return stopped ?? false
}

async function ifRunning<T>(paths: EnginePaths, ask: (engine: RemoteEngine) => Promise<T>): Promise<T | undefined> {
  try {
    using engine = await connectEngine(paths)
    return await ask(engine)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** An engine that is about to end can still be connected to; one that answers stays for a while. */
async function answeringEngine(paths: EnginePaths): Promise<RemoteEngine> {
  const engine = await connectEngine(paths)
  try {
    await engine.systemPing()
    return engine
  } catch (error) {
    engine.close()
    throw error
  }
}

/** Whether no engine is there, other than one that this user cannot reach. */
function isAbsent(error: unknown): boolean {
  if (!(error instanceof TscomposeError) || error.code !== 'ENGINE_UNREACHABLE') return false
  return !['EACCES', 'EINVAL'].includes((error.cause as NodeJS.ErrnoException | undefined)?.code ?? '')
}

async function startOnDemand(paths: EnginePaths): Promise<void> {
  if (process.geteuid?.() !== 0)
    throw new TscomposeError('ENGINE_NEEDS_ROOT', 'the engine is not running, and for now only root can start it', {
      fix: 'Run the command with sudo.',
    })
  const { startEngine } = await import('./start-engine.ts')
  await startEngine(paths)
}
