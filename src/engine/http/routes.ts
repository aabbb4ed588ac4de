import type { EngineProcess } from '../engine-status.ts'
import { lazily } from '../lazy.ts'
import type { BuildkitDoor } from './buildkit/door.ts'
import type { Route } from './router.ts'
import { archiveRoutes } from './routes/archive.ts'
import { buildRoutes } from './routes/build.ts'
import { buildkitRoutes } from './routes/buildkit.ts'
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
export const routeTables = (host: EngineProcess, openBuildkit = buildkitOnce()): readonly (readonly Route[])[] => [
  systemRoutes,
  // One of them looks like a container whose name has slashes in it.
  unsupportedRoutes,
  containerRoutes,
  archiveRoutes,
  execRoutes,
  imageRoutes,
  buildRoutes(openBuildkit),
  buildkitRoutes(openBuildkit),
  networkRoutes,
  volumeRoutes,
  processRoutes(host),
  swarmRoutes,
]

/** Loaded with the first client of BuildKit: most engines never see one. */
const buildkitOnce = (): (() => Promise<BuildkitDoor>) =>
  lazily(async () => {
    const { BuildkitDoor } = await import('./buildkit/door.ts')
    return new BuildkitDoor()
  })
