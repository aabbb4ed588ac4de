import type { Command } from 'commander'
import type { ImageCommitOptions } from '../engine/api.ts'
import { collect } from './command.ts'

/** What both `commit` commands take. */
export interface CommitFlags {
  readonly author?: string
  readonly change?: readonly string[]
  readonly message?: string
  readonly pause: boolean
}

export const defineCommitFlags = (command: Command): Command =>
  command
    .option('-a, --author <author>', 'Who made it (for example, "Ann Smith <ann@example.com>")')
    .option('-c, --change <instruction>', 'Apply a Dockerfile instruction to the image', collect)
    .option('-m, --message <text>', 'What has been done')
    .option('-p, --pause', 'Let the container stand still meanwhile', true)

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
