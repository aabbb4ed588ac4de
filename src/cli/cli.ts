import type { GlobalOptions } from './globals.ts'

/** What a command has from the outside world: the flags before it, the environment, the streams, the signals. */
export interface Cli {
  readonly options: GlobalOptions
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Aborts with the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Aborts with the second one: the user has lost patience. */
  readonly forced: AbortSignal
  /** Hands signals to somebody else instead, until disposed of. */
  readonly divertSignals: (handler: (name: NodeJS.Signals) => void) => Disposable
}
