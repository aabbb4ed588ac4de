import { addAbortSignal, type Readable } from 'node:stream'
import { TscomposeError } from '../errors.ts'
import { digestOf } from './digest.ts'
import type { Image, ImageConfig, Platform } from './image.ts'
import { hostPlatform } from './platform.ts'
import { decompress } from './unpack/decompress.ts'
import type { Workshop } from './workshop.ts'

export interface ImportOptions {
  readonly config: ImageConfig
  /** What the history says about it. */
  readonly comment: string
  readonly platform?: Platform
  /** Name of the image; without one it has none. */
  readonly name?: string
  readonly onProgress: (current: number) => void
}

/**
 * Makes an image of one layer of an archive of a root file system, maybe compressed.
 * @throws TscomposeError IMAGE_LAYER_INVALID, IMAGE_UNPACK_FAILED
 */
export async function importArchive(
  workshop: Workshop,
  archive: Readable,
  { config, comment, platform = hostPlatform, name, onProgress }: ImportOptions,
  signal: AbortSignal,
): Promise<Image> {
  await using lease = workshop.lease()
  workshop.prepare()
  addAbortSignal(signal, archive)
  await using writer = await workshop.createBlob()
  try {
    for await (const chunk of decompress(archive)) {
      await writer.append(chunk)
      onProgress(writer.size)
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw new TscomposeError('IMAGE_LAYER_INVALID', `cannot read the archive: ${(cause as Error).message}`, { cause })
  }
  await lease.hold([await writer.end()])
  const { digest, size } = await writer.commit()
  await workshop.unpack(digest, size, signal)
  const created = new Date().toISOString()
  const configuration = JSON.stringify({
    ...platform,
    created,
    config,
    history: [{ created, comment }],
    rootfs: { type: 'layers', diff_ids: [digest] },
  })
  await lease.hold([digestOf(configuration)])
  return await workshop.addImage({ configuration, names: name === undefined ? [] : [name] })
}
