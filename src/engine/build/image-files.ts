import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import { startArchive } from '../archive/archive-process.ts'
import type { Context } from '../context.ts'
import { findImage } from '../image/find.ts'

/** The files of an image and nothing else, as a tar archive. What is made for that goes with the archive. */
export async function imageFiles(context: Context, name: string): Promise<Readable> {
  const image = await findImage(context, name)
  // Among what builds have underway: what is left there, the next engine's builder clears away when it opens.
  const { workDir } = await context.builder()
  const directory = await mkdtemp(join(workDir, 'files-'))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    for (const own of ['upper', 'work', 'empty']) await mkdir(join(directory, own), { mode: 0o755 })
    const layers = context.images.lowerdirs(image)
    const lowerdirs = layers.length > 0 ? layers : [join(directory, 'empty')]
    const root = { lowerdirs, writableLayer: directory, readonly: true }
    const failed = ({ message }: { readonly message: string }) =>
      new TscomposeError('ENGINE_FILES_FAILED', `cannot read the files of ${name}: ${message}`)
    const { output } = startArchive({ type: 'export', view: { of: 'stopped', root, mounts: [] } }, failed)
    output.once('close', () => void remove())
    return output
  } catch (error) {
    await remove()
    throw error
  }
}
