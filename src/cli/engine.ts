import type { RemoteEngine } from '../engine/client/remote-engine.ts'
import { ensureEngine } from '../engine/daemon/ensure-engine.ts'
import { enginePaths } from '../engine/daemon/paths.ts'

/** The engine, started if it does not run. */
export const connect = (): Promise<RemoteEngine> => ensureEngine(enginePaths())

/** Where this engine keeps what does not outlive the machine. */
export const runDir = (): string => enginePaths().runDir
