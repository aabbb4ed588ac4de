import type { StatsOperations } from '../api.ts'
import type { Context } from '../context.ts'
import { containerStats } from '../stats/stats.ts'

export const statsOperations = (context: Context): StatsOperations => ({
  async containerStats(id, options, signal) {
    return containerStats(context, context.containers.find(id), options, signal)
  },
})
