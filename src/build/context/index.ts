/** Where a build takes its files from. */
export { openArchiveContext } from './archive.ts'
export { type LoadFiles, openClientContext } from './client.ts'
export type * from './context.ts'
export { openGitContext } from './git.ts'
export { openDirectoryContext, openEmptyContext, openRootTree } from './open.ts'
export { isRemoteContext, openRemoteContext } from './remote.ts'
