import { chmod, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuildContext, FileTree } from './context.ts'
import { openDirectoryContext } from './open.ts'

/**
 * Files that a client sends when the first of them is looked for: a build whose steps take none has none sent. What is to
 * be left out is the client's to know.
 * @param temporary a directory for them
 * @param load puts the files into an empty directory
 */
export async function openClientContext(
  temporary: string,
  load: (directory: string) => Promise<void>,
): Promise<BuildContext> {
  const directory = join(temporary, 'context')
  // Its own mode is not the client's, but that of what a step copies it to.
  await mkdir(directory)
  await chmod(directory, 0o755)
  let loaded: Promise<FileTree> | undefined
  const open = (): Promise<FileTree> => {
    loaded ??= load(directory).then(() => openDirectoryContext(directory, undefined))
    return loaded
  }
  return {
    directory,
    select: async (request, signal) => await (await open()).select(request, signal),
    open: async path => await (await open()).open(path),
    readText: async path => await (await open()).readText(path),
    async [Symbol.asyncDispose]() {
      // Whatever still writes there ends with the build.
      await loaded?.catch(() => {})
      await rm(directory, { recursive: true, force: true })
    },
  }
}
