import type { ArchiveOperations } from './api/archive.ts'
import type { BuildOperations } from './api/build.ts'
import type { ContainerOperations } from './api/container.ts'
import type { ExecOperations } from './api/exec.ts'
import type { ImageOperations } from './api/image.ts'
import type { NetworkOperations } from './api/network.ts'
import type { RegistryOperations } from './api/registry.ts'
import type { StatsOperations } from './api/stats.ts'
import type { SystemOperations } from './api/system.ts'
import type { VolumeOperations } from './api/volume.ts'

/**
 * The Docker Engine API (version 1.51) as TypeScript: the types have the names and the fields of its OpenAPI
 * definition, the methods of {@link Engine} are its operations. The engine implements the interface in process
 * (`LocalEngine`), the HTTP client does over the socket (`RemoteEngine`); who uses it cannot tell them apart.
 * Durations are nanoseconds, times RFC 3339 text, sizes bytes, as in Docker.
 */

export type { BuildEvent } from '../build/request.ts'
export type * from './api/archive.ts'
export type * from './api/build.ts'
export type * from './api/common.ts'
export type * from './api/container.ts'
export type * from './api/container-config.ts'
export type * from './api/container-state.ts'
export type * from './api/exec.ts'
export type * from './api/image.ts'
export type * from './api/network.ts'
export type * from './api/registry.ts'
export type * from './api/stats.ts'
export type * from './api/system.ts'
export type * from './api/volume.ts'

/**
 * All operations, named after the API's operation ids. A container, network or image is given by its name, its id or
 * an unambiguous prefix of the id. Everything throws TscomposeErrors; the HTTP server maps their codes to statuses
 * (status.ts), the client maps them back.
 */
export interface Engine
  extends SystemOperations,
    ContainerOperations,
    ArchiveOperations,
    StatsOperations,
    ExecOperations,
    ImageOperations,
    RegistryOperations,
    BuildOperations,
    NetworkOperations,
    VolumeOperations {}
