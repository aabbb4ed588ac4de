import { join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import type { ContainerPruneResponse, Filters } from '../api.ts'
import type { Context } from '../context.ts'
import { pruneFilter } from '../filters.ts'
import { diskUsage } from '../store/disk-usage.ts'
import { removeContainer } from './remove.ts'
import { isRunning } from './state.ts'

/** Removes the containers that do not run. One that is started meanwhile, or removed by somebody else, is left alone. */
export async function pruneContainers(context: Context, filters?: Filters): Promise<ContainerPruneResponse> {
  const wanted = pruneFilter(filters)
  const pruned: ContainerPruneResponse = { ContainersDeleted: [], SpaceReclaimed: 0 }
  for (const container of context.containers.all()) {
    const { state, record, removing, directory } = container
    if (isRunning(state) || removing) continue
    if (!wanted({ labels: record.config.Labels ?? {}, created: record.created })) continue
    const size = await diskUsage(join(directory.writableLayer, 'upper'))
    try {
      await removeContainer(context, container, {})
    } catch (error) {
      if (error instanceof TscomposeError && error.code === 'ENGINE_CONTAINER_STATE') continue
      throw error
    }
    pruned.ContainersDeleted.push(container.id)
    pruned.SpaceReclaimed += size
  }
  context.events.emit('container', 'prune', '', { reclaimed: String(pruned.SpaceReclaimed) })
  return pruned
}
