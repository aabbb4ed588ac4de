import type { CachedLayer } from '../cache/cache.ts'
import { reasonToRun } from '../cache/reasons.ts'
import type { CacheRecord, StepDescription } from '../cache/record.ts'
import type { Step } from '../dockerfile/step.ts'
import { type Key, stackedOn } from '../key.ts'
import type { Build } from './build.ts'
import type { StackLayer } from './stack.ts'
import { placeOf, type StageState } from './stage.ts'

/** The layer of a step. */
export interface MadeLayer {
  readonly layer: CachedLayer
  /** It was made by this build, and not by an earlier one. */
  readonly isNew: boolean
}

/** How to make a layer that the cache does not have. */
export interface LayerRecipe {
  readonly step: Step
  readonly key: Key
  readonly about: StepDescription
  /** @param tell takes what the step writes */
  readonly make: (tell: TellLine, signal: AbortSignal) => Promise<NewLayer>
}
export type TellLine = (stream: 'stdout' | 'stderr', line: string) => void

export type NewLayer = Pick<CacheRecord, 'id' | 'directory' | 'size'> & Partial<Pick<CacheRecord, 'archive'>>

/** Takes a step's layer from the cache, or makes it. Builds that come to the same step at the same time make it once. */
export async function layerOf(build: Build, state: StageState, recipe: LayerRecipe): Promise<MadeLayer> {
  const { key, about, step } = recipe
  const { cache, underway } = build.around
  const noCache = build.withoutCache(state.node.stage)
  const name = `${state.label} ${step.shown}`
  const more = {
    where: placeOf(step.instruction),
    instruction: { ...state.instruction, text: step.shown, hasLayer: true },
  }
  const known = noCache ? undefined : build.session.take(key)
  const { index } = state.node.stage
  if (known) {
    build.layers.push({ stage: index, layer: known })
    const progress = build.progress.begin(name, more)
    progress.result(resultOf(state, known))
    progress.end('cached')
    return { layer: known, isNew: false }
  }
  // Whatever the step does, its layer will be measured or unpacked: that process takes a moment to start.
  build.around.images.workshop.prepare()
  const why = reasonToRun(about, cache.childrenOf(state.stack.key), { belowIsNew: state.isNew, noCache })
  const layer = await build.progress.during(
    name,
    async progress => {
      const made = await underway.do(
        key,
        (tell, signal) => makeAndRemember(build, recipe, (stream, line) => tell([stream, line]), signal),
        ([stream, line]) => progress.log(stream, line),
        build.signal,
      )
      progress.result(resultOf(state, made))
      return made
    },
    { ...more, ...(why !== undefined && { why }) },
  )
  build.session.hold(layer)
  build.layers.push({ stage: index, layer })
  if (build.isOfImage(index)) void build.prepareForImage(layer)
  return { layer, isNew: true }
}

const resultOf = ({ stack }: StageState, { record }: CachedLayer): string => stackedOn(stack.key, record.id)

async function makeAndRemember(
  build: Build,
  { key, about, make }: LayerRecipe,
  tell: TellLine,
  signal: AbortSignal,
): Promise<CachedLayer> {
  const made = await make(tell, signal)
  const { epoch } = build.plan
  const before = build.around.cache.find(key)?.record
  // The same layer once more is no newer: images that have it stay as they are.
  const again = before?.id === made.id ? before.created : new Date().toISOString()
  const created = epoch === undefined ? again : new Date(epoch * 1000).toISOString()
  return await build.session.add({ key, ...made, created, used: Date.now(), uses: 0, about })
}

export const toStackLayer = (build: Build, { layer }: MadeLayer): StackLayer => ({
  id: layer.record.id,
  path: build.around.images.workshop.path(layer.record.directory),
  created: layer.record.created,
  diffId: () => build.around.cache.diffId(layer, build.plan.epoch),
})
