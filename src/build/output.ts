import { digestOf } from '../image/digest.ts'
import { annotationsFor } from './annotations.ts'
import type { BuildRequest, BuildResult } from './request.ts'
import type { Build } from './solve/build.ts'
import type { StageResult } from './solve/stage.ts'
import { documentOf } from './transfer/document.ts'
import { transferredSteps } from './transfer/export.ts'

/** What the target stage has come to for one platform. */
export interface BuiltStage {
  readonly build: Build
  readonly result: StageResult
}

/** Makes an image of what the target stage has come to, or an index of several. The same stages give the same image. */
export async function writeImage(stages: readonly BuiltStage[], request: BuildRequest): Promise<BuildResult> {
  const [first] = stages
  if (!first) throw new TypeError('nothing was built')
  const { around, progress } = first.build
  const { workshop } = around.images
  const { tags: names, annotations } = request
  return await progress.during('exporting to image', async step => {
    const made = await Promise.all(
      stages.map(async ({ build, result }) => {
        const { platform } = build.plan
        const of = (place: 'manifest' | 'manifest-descriptor') => annotationsFor(annotations, place, platform)
        return {
          configuration: await configurationOf(build, result, request),
          platform,
          annotations: of('manifest'),
          descriptorAnnotations: of('manifest-descriptor'),
        }
      }),
    )
    const [only, ...others] = made
    const image =
      only && others.length === 0
        ? await workshop.addImage({ ...only, names })
        : await workshop.addIndex({ images: made, names, annotations: annotationsFor(annotations, 'index') })
    step.log('stderr', `writing image ${image.id}`)
    for (const name of names) step.log('stderr', `naming to ${name}`)
    const images = made.map(({ configuration, platform }) => ({ id: digestOf(configuration), platform }))
    return { image, names, ...(images.length > 1 && { images }) }
  })
}

async function configurationOf(build: Build, result: StageResult, request: BuildRequest): Promise<string> {
  const diffIds = await Promise.all(result.stack.layers.map(layer => layer.diffId()))
  const isInline = request.cacheTo.some(({ type }) => type === 'inline')
  const more = isInline ? documentOf(await transferredSteps([build], false)) : {}
  return imageConfiguration(result, diffIds, request, build.plan.epoch, more)
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
