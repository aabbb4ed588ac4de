export type Labels = Record<string, string>

/** Docker's filters: a name to the values of which one must match (`label`: all). */
export type Filters = Record<string, string[]>

/** A line of the progress streams of pull, push, load and build. */
export interface JSONMessage {
  status?: string
  id?: string
  stream?: string
  progress?: string
  progressDetail?: { current?: number; total?: number }
  error?: string
  errorDetail?: { code?: number | string; message: string }
  aux?: unknown
}
