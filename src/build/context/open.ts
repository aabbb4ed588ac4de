import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { parseIgnoreFile } from '../../ignore.ts'
import type { BuildContext, FileTree } from './context.ts'
import { DirectoryTree } from './tree.ts'

/**
 * Files in a directory of this machine, as a build sees them.
 * @param dockerfile path in the context: `<dockerfile>.dockerignore` goes before `.dockerignore`; undefined: neither counts
 * @throws TscomposeError BUILD_CONTEXT_INVALID
 */
export async function openDirectoryContext(directory: string, dockerfile: string | undefined): Promise<BuildContext> {
  const found = await stat(directory).catch(error => {
    throw new TscomposeError('BUILD_CONTEXT_INVALID', `unable to prepare context: path ${directory} not found`, {
      cause: error,
    })
  })
  if (!found.isDirectory()) {
    throw new TscomposeError('BUILD_CONTEXT_INVALID', `the build context ${directory} is not a directory`)
  }
  return new DirectoryContext(directory, dockerfile === undefined ? [] : await readIgnoreFile(directory, dockerfile))
}

async function readIgnoreFile(directory: string, dockerfile: string): Promise<readonly string[]> {
  const everything = openRootTree(directory)
  const text =
    (await everything.readText(`${dockerfile}.dockerignore`)) ?? (await everything.readText('.dockerignore')) ?? ''
  return parseIgnoreFile(text)
}

/** A context without files: `dockerfile_inline` alone, `docker build - < Dockerfile`. @param temporary a directory */
export async function openEmptyContext(temporary: string): Promise<BuildContext> {
  return await ownDirectory(temporary, async directory => await openDirectoryContext(directory, 'Dockerfile'))
}

/** The root of a stage or an image, mounted or unpacked at `root`; owners are kept. */
export const openRootTree = (root: string): FileTree =>
  new DirectoryTree(root, { name: 'the stage or image', keepOwners: true })

/** A context in a new directory below `temporary` that goes with it, or at once if it cannot be made. */
export async function ownDirectory(
  temporary: string,
  fill: (directory: string) => Promise<BuildContext>,
): Promise<BuildContext> {
  const own = join(temporary, 'context')
  await mkdir(own, { recursive: true, mode: 0o700 })
  const remove = () => rm(own, { recursive: true, force: true })
  try {
    const context = await fill(own)
    return Object.assign(context, { [Symbol.asyncDispose]: remove })
  } catch (error) {
    await remove()
    throw error
  }
}

class DirectoryContext extends DirectoryTree implements BuildContext {
  constructor(directory: string, ignore: readonly string[]) {
    super(directory, { name: 'the build context', ignore, keepOwners: false })
  }

  /** The directory belongs to the user. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
