/** What the engine tells of its process (`GET /tscompose/engine`). */
export interface EngineStatus {
  readonly pid: number
  readonly version: string
  readonly apiVersion: string
  readonly dataRoot: string
  readonly runDir: string
  /** RFC 3339 */
  readonly startedAt: string
  readonly containersRunning: number
}

/** The process of an engine, as far as its API is about it. */
export interface EngineProcess {
  describe(): Omit<EngineStatus, 'containersRunning'>
  /** Begins the end of the process; containers go on running, unless they are to end first. */
  stop(containers: 'go on' | 'end'): void
}
