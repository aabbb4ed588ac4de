import type { SystemOperations } from '../api.ts'
import type { Context } from '../context.ts'
import { metrics } from '../metrics/metrics.ts'
import { systemDiskUsage } from '../system/disk-usage.ts'
import { systemInfo, systemVersion } from '../system/info.ts'

export const systemOperations = (context: Context, id: string): SystemOperations => ({
  async systemPing() {},
  async systemVersion() {
    return systemVersion()
  },
  async systemInfo() {
    return await systemInfo(context, id)
  },
  async systemDataUsage({ types } = {}) {
    return await systemDiskUsage(context, types)
  },
  async systemMetrics() {
    return await metrics(context)
  },
  async systemEvents(options, signal) {
    return context.events.subscribe(options, signal)
  },
})
