import type { ContainerStatsResponse, StatsOptions } from '../api.ts'
import type { Container } from '../container/container.ts'
import type { Context } from '../context.ts'
import { statsResponse } from './response.ts'

/**
 * Readings of a container, one a second, until it is removed or `signal` aborts. Without `stream` there is one only,
 * of two looks a second apart, so that the use of the processors can be told; with `oneShot`, of a single look.
 */
export async function* containerStats(
  { sampler }: Context,
  container: Container,
  { stream = true, oneShot = false }: StatsOptions,
  signal: AbortSignal,
): AsyncGenerator<ContainerStatsResponse> {
  if (!stream && (oneShot || !container.run)) {
    const now = (await sampler.read([container])).get(container)
    yield statsResponse(container, { now, before: undefined })
    return
  }
  for await (const observation of sampler.watch(container, signal)) {
    if (!stream && observation.now && !observation.before) continue
    yield statsResponse(container, observation)
    if (!stream) return
  }
}
