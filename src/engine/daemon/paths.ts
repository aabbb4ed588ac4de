import { join } from 'node:path'
import { home } from '../../home.ts'

/** Where an engine has its things: one engine for each data root and run-time directory. */
export interface EnginePaths {
  readonly dataRoot: string
  readonly runDir: string
  /** Undefined where nobody named one; the engine looks at the usual place then. */
  readonly configFile: string | undefined
  readonly socketPath: string
  /** What the process of the engine has to say, see engine-log.ts. */
  readonly logFile: string
  readonly lockFile: string
  /** There from the moment an engine is told to end until the next one is started. */
  readonly stoppedFile: string
}

/**
 * The paths that the environment asks for (`TSCOMPOSE_DATA`, `TSCOMPOSE_RUN`, `TSCOMPOSE_CONFIG`), by default those of
 * the system for root and those of the XDG base directory specification for others.
 */
export function enginePaths(env: NodeJS.ProcessEnv = process.env, uid: number = process.geteuid?.() ?? 0): EnginePaths {
  const root = uid === 0
  const dataHome = env.XDG_DATA_HOME || join(home(), '.local/share')
  // Not in /tmp, where anybody could be before us and listen.
  const runHome = env.XDG_RUNTIME_DIR || `/run/user/${uid}`
  const runDir = env.TSCOMPOSE_RUN || (root ? '/run/tscompose' : join(runHome, 'tscompose'))
  return {
    dataRoot: env.TSCOMPOSE_DATA || (root ? '/var/lib/tscompose' : join(dataHome, 'tscompose')),
    runDir,
    configFile: env.TSCOMPOSE_CONFIG || undefined,
    socketPath: join(runDir, 'engine.sock'),
    logFile: join(runDir, 'engine.log'),
    lockFile: join(runDir, 'engine.lock'),
    stoppedFile: join(runDir, 'engine.stopped'),
  }
}
