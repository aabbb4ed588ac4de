/** What happens to a resource, in docker compose's words (compose-cli.md, "Progress output"). */
export interface ProgressEvent {
  /** Kind and name: `Container demo-web-1`. */
  readonly id: string
  /** `Creating`, `Created`, ... */
  readonly text: string
  readonly status: 'working' | 'done' | 'warning' | 'error'
  readonly details?: string
  /** For what comes in parts, as the layers of an image: the whole they belong to. */
  readonly parentId?: string
  readonly current?: number
  readonly total?: number
}

export type Report = (event: ProgressEvent) => void
