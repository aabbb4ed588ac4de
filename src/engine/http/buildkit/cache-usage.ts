import type { BuildCacheItem, Engine } from '../../api.ts'
import { invalid } from '../../failures.ts'
import type { pruneRequest, usageRecord } from './messages/control.ts'
import type { Read, Written } from './rpc/protobuf.ts'
import { timeOf } from './trace.ts'

type Usage = Written<typeof usageRecord>

/** `buildx du` */
export async function diskUsage(engine: Engine, filter: readonly string[]): Promise<readonly Usage[]> {
  if (filter.some(text => text !== '')) throw invalid('the build cache is not listed with filters')
  const { BuildCache } = await engine.systemDataUsage({ types: ['build-cache'] })
  return (BuildCache ?? []).map(recordOf)
}

/** `buildx prune` */
export async function* prune(
  engine: Engine,
  { filter, all, keepDuration, ...space }: Read<typeof pruneRequest>,
): AsyncGenerator<Usage> {
  const filters = Object.fromEntries(filter.filter(text => text !== '').map(filterOf))
  const until = keepDuration > 0n ? { until: [`${keepDuration / 1_000_000_000n}s`] } : {}
  const { BuildCache } = await engine.systemDataUsage({ types: ['build-cache'] })
  const { CachesDeleted } = await engine.buildPrune({ all, filters: { ...filters, ...until }, ...space })
  for (const item of BuildCache ?? []) if (CachesDeleted.includes(item.ID)) yield recordOf(item)
}

/** `id==abc`, `type==exec.cachemount` */
function filterOf(text: string): [string, string[]] {
  const [, name = '', value = ''] = /^([\w-]+)(?:==?|~=)(.*)$/.exec(text) ?? []
  if (name === '') throw invalid(`invalid filter: ${text}`)
  return [name, [value]]
}

const recordOf = (item: BuildCacheItem): Usage => ({
  ID: item.ID,
  Mutable: item.Type === 'exec.cachemount',
  InUse: item.InUse,
  Size: item.Size,
  CreatedAt: timeOf(Date.parse(item.CreatedAt)),
  LastUsedAt: timeOf(Date.parse(item.LastUsedAt)),
  UsageCount: item.UsageCount,
  Description: item.Description,
  RecordType: item.Type,
  Shared: item.Shared,
})
