import type { Engine } from '../api.ts'
import type { EngineStatus } from '../engine-status.ts'
import { EngineConnection } from './connection.ts'
import { archiveOperations } from './operations/archive.ts'
import { buildOperations } from './operations/build.ts'
import { containerOperations } from './operations/container.ts'
import { execOperations } from './operations/exec.ts'
import { imageOperations } from './operations/image.ts'
import { networkOperations } from './operations/network.ts'
import { registryOperations } from './operations/registry.ts'
import { statsOperations } from './operations/stats.ts'
import { systemOperations } from './operations/system.ts'
import { volumeOperations } from './operations/volume.ts'

/** An engine in another process. Errors are those that it threw, or ENGINE_UNREACHABLE. */
export interface RemoteEngine extends Engine, Disposable {
  close(): void
  /** The process of the engine. */
  engineStatus(): Promise<EngineStatus>
  /** Ends the process of the engine; containers go on, or end first. Resolves when the process is gone. */
  engineStop(containers?: 'go on' | 'end'): Promise<void>
}

/**
 * Connects to the engine that listens at a socket.
 * @throws TscomposeError ENGINE_UNREACHABLE
 */
export async function connectEngine({ socketPath }: { readonly socketPath: string }): Promise<RemoteEngine> {
  const connection = await EngineConnection.open(socketPath)
  const close = () => connection.close()
  return {
    ...systemOperations(connection),
    ...containerOperations(connection),
    ...statsOperations(connection),
    ...archiveOperations(connection),
    ...execOperations(connection),
    ...imageOperations(connection),
    ...registryOperations(connection),
    ...buildOperations(connection),
    ...networkOperations(connection),
    ...volumeOperations(connection),
    engineStatus: () => connection.json('GET', '/tscompose/engine'),
    async engineStop(containers = 'go on') {
      const query = { ...(containers === 'end' && { containers: true }) }
      const response = await connection.send('POST', '/tscompose/engine/stop', { query })
      // The answer never comes to its end: the connection breaks with the last breath of the process.
      await connection.read(response).catch(() => undefined)
    },
    close,
    [Symbol.dispose]: close,
  }
}
