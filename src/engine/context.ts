import type { Builder } from '../build/builder.ts'
import type { ImageStore } from '../image/image.ts'
import type { Networks as NetworkLayer } from '../network/network.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { UserNamespaceSpec } from '../runtime/spec.ts'
import type { EngineConfig } from './config.ts'
import type { ContainerRegistry } from './container/registry.ts'
import type { EventLog } from './events/event-log.ts'
import type { ExecRegistry } from './exec/registry.ts'
import type { ImageClaims } from './image/claims.ts'
import type { Networks } from './network/networks.ts'
import type { Sampler } from './stats/sampler.ts'
import type { Rubbish } from './store/rubbish.ts'
import type { Machine } from './system/machine.ts'
import type { Volumes } from './volume/volumes.ts'

/** Where the engine keeps things. */
export interface Directories {
  /** The data root. */
  readonly data: string
  readonly containers: string
  readonly networks: string
  /** The lowest layer of every container. */
  readonly baseLayer: string
  /** What is about to be removed. */
  readonly rubbish: string
  readonly volumes: string
  /** The run-time directory. */
  readonly run: string
  /** What holds for one run of a container only. */
  readonly runs: string
}

/** What the parts of the engine share. */
export interface Context {
  readonly config: EngineConfig
  readonly machine: Machine
  /** That of containers which do not ask for the host's; undefined: `userns-remap` is not set. */
  readonly userNamespace: UserNamespaceSpec | undefined
  readonly directories: Directories
  readonly runtime: Runtime
  readonly networkLayer: NetworkLayer
  readonly images: ImageStore
  readonly imageClaims: ImageClaims
  readonly containers: ContainerRegistry
  readonly networks: Networks
  readonly volumes: Volumes
  readonly execs: ExecRegistry
  readonly events: EventLog
  readonly sampler: Sampler
  readonly rubbish: Rubbish
  readonly hasBuilder: boolean
  /** Opened with the first build. */
  readonly builder: () => Promise<Builder>
  /** Aborts when the engine closes: timers and probes end, containers run on. */
  readonly closing: AbortSignal
  /** Tells the operator something that no caller waits for. */
  readonly report: (message: string) => void
}
