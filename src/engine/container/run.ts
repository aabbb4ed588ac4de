import type { RunningContainer } from '../../runtime/runtime.ts'
import type { ContainerSpec } from '../../runtime/spec.ts'

/** What a container holds while its program runs. */
export interface Run {
  readonly process: RunningContainer
  /** Its limits can be changed. */
  spec: ContainerSpec
  /** Aborts when the program has ended: ends the health probes and whatever else goes along with the run. */
  readonly over: AbortController
  /** Ends the health probes for the time of a pause. */
  probing?: AbortController
}
