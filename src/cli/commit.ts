import type { ImageCommitOptions } from '../engine/api.ts'

/** What both `commit` commands take. */
export interface CommitFlags {
  readonly author?: string
  readonly change?: readonly string[]
  readonly message?: string
  readonly pause: boolean
}

/** @param reference the name of the new image, which needs none */
export const commitOptions = (
  reference: string | undefined,
  { author, change, message, pause }: CommitFlags,
): ImageCommitOptions => ({
  pause,
  ...(reference && { repo: reference }),
  ...(author && { author }),
  ...(message && { comment: message }),
  ...(change && { changes: [...change] }),
})
