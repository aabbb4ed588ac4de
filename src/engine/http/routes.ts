import type { EngineProcess } from '../engine-status.ts'
import type { Route } from './router.ts'
import { archiveRoutes } from './routes/archive.ts'
import { buildRoutes } from './routes/build.ts'
import { containerRoutes } from './routes/containers.ts'
import { execRoutes } from './routes/exec.ts'
import { imageRoutes } from './routes/images.ts'
import { networkRoutes } from './routes/networks.ts'
import { processRoutes } from './routes/process.ts'
import { swarmRoutes } from './routes/swarm.ts'
import { systemRoutes } from './routes/system.ts'
import { unsupportedRoutes } from './routes/unsupported.ts'
import { volumeRoutes } from './routes/volumes.ts'

/** Everything that is served. Of routes that match, the first one counts. */
export const routeTables = (host: EngineProcess): readonly (readonly Route[])[] => [
  systemRoutes,
  containerRoutes,
  archiveRoutes,
  execRoutes,
  imageRoutes,
  buildRoutes,
  networkRoutes,
  volumeRoutes,
  processRoutes(host),
  unsupportedRoutes,
  swarmRoutes,
]
