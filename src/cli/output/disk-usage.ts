import type { SystemDataUsage } from '../../engine/api.ts'
import { humanSize } from './human-size.ts'

interface Counted {
  readonly size: number
  readonly active: boolean
}

/** A kind of things in `system df`, under the names by which templates know it. */
export type UsageRow = ReturnType<typeof row>

/** The rows of `system df`, in docker's order. */
export function usageRows({
  Images,
  Containers,
  Volumes,
  LayersSize,
  BuildCache,
  BuilderSize,
}: SystemDataUsage): UsageRow[] {
  const images = (Images ?? []).map(({ Size, SharedSize, Containers }) => ({
    size: Size - Math.max(0, SharedSize),
    active: Containers > 0,
  }))
  const containers = (Containers ?? []).map(({ SizeRw = 0, State }) => ({
    size: SizeRw,
    active: ['running', 'paused', 'restarting'].includes(State),
  }))
  const volumes = (Volumes ?? []).map(({ UsageData }) => ({
    size: Math.max(0, UsageData?.Size ?? 0),
    active: (UsageData?.RefCount ?? 0) > 0,
  }))
  const builds = (BuildCache ?? []).map(({ Size, InUse, Shared }) => ({ size: Shared ? 0 : Size, active: InUse }))
  return [
    row('Images', images, LayersSize),
    row('Containers', containers),
    row('Local Volumes', volumes),
    row('Build Cache', builds, BuilderSize),
  ]
}

const sum = (items: readonly Counted[]): number => items.reduce((total, { size }) => total + size, 0)

function row(Type: string, items: readonly Counted[], total = sum(items)) {
  // Nothing of what only unused things have stays when all of them are removed.
  const reclaimable = items.some(({ active }) => active) ? sum(items.filter(({ active }) => !active)) : total
  const percent = total > 0 && Type !== 'Build Cache' ? ` (${Math.floor((reclaimable * 100) / total)}%)` : ''
  return {
    Type,
    TotalCount: String(items.length),
    Active: String(items.filter(({ active }) => active).length),
    Size: humanSize(total),
    Reclaimable: `${humanSize(reclaimable)}${percent}`,
  }
}
