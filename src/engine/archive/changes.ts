import { TscomposeError } from '../../errors.ts'
import type { FilesystemChange } from '../api.ts'
import type { Container } from '../container/container.ts'
import { rootOf } from '../container/root.ts'
import type { Context } from '../context.ts'
import { imageNotFound } from '../failures.ts'
import { imageOfContainer } from '../image/of-container.ts'
import { startArchive } from './archive-process.ts'
import { decodeChanges } from './change-lines.ts'

/** `docker diff`: what the writable layer changes, whether the container runs or not. */
export async function containerChanges(context: Context, container: Container): Promise<FilesystemChange[]> {
  const image = await imageOfContainer(context, container.record)
  if (!image) throw imageNotFound(container.record.config.Image)
  const { done, output } = startArchive(
    { type: 'changes', root: rootOf(context, container, image) },
    ({ message }) =>
      new TscomposeError('ENGINE_FILES_FAILED', `cannot read the changes of container ${container.name}: ${message}`),
  )
  const [changes] = await Promise.all([decodeChanges(output), done])
  return changes
}
