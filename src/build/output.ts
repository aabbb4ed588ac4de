import type { Image } from '../image/image.ts'
import type { BuildRequest } from './request.ts'
import type { Build } from './solve/build.ts'
import type { StageResult } from './solve/stage.ts'
import { documentOf } from './transfer/document.ts'
import { transferredSteps } from './transfer/export.ts'

/** Makes an image of what the target stage has come to. The same stage gives the same image. */
export async function writeImage(build: Build, result: StageResult, request: BuildRequest): Promise<Image> {
  const { workshop } = build.around.images
  return await build.progress.during('exporting to image', async step => {
    const diffIds = await Promise.all(result.stack.layers.map(layer => layer.diffId()))
    const isInline = request.cacheTo.some(({ type }) => type === 'inline')
    const more = isInline ? documentOf(await transferredSteps(build, false)) : {}
    const configuration = imageConfiguration(result, diffIds, request, build.plan.epoch, more)
    const image = await workshop.addImage({ configuration, names: request.tags })
    step.log('stderr', `writing image ${image.id}`)
    for (const name of request.tags) step.log('stderr', `naming to ${name}`)
    return image
  })
}

/** image-spec config.md */
function imageConfiguration(
  { stage, history, platform }: Pick<StageResult, 'stage' | 'history' | 'platform'>,
  diffIds: readonly string[],
  { labels }: Pick<BuildRequest, 'labels'>,
  epoch: number | undefined,
  more: object = {},
): string {
  const { config } = stage
  const all = { ...config.Labels, ...labels }
  const created = epoch === undefined ? (history.at(-1)?.created ?? new Date(0).toISOString()) : isoOf(epoch)
  return JSON.stringify({
    architecture: platform.architecture,
    ...(stage.author && { author: stage.author }),
    config: { ...config, ...(Object.keys(all).length > 0 && { Labels: all }) },
    created,
    history: epoch === undefined ? history : history.map(entry => ({ ...entry, created: isoOf(epoch) })),
    os: platform.os,
    rootfs: { type: 'layers', diff_ids: diffIds },
    ...(platform.variant && { variant: platform.variant }),
    ...more,
  })
}

const isoOf = (seconds: number): string => new Date(seconds * 1000).toISOString()
