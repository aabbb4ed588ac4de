import { TscomposeError } from '../../errors.ts'
import type { ContainerOperations } from '../api.ts'
import { attachContainer } from '../container/attach.ts'
import { createContainer } from '../container/create.ts'
import { emitContainer } from '../container/events.ts'
import { inspectContainer } from '../container/inspect.ts'
import { listContainers } from '../container/list.ts'
import { containerLogs } from '../container/logs.ts'
import { pauseContainer, unpauseContainer } from '../container/pause.ts'
import { pruneContainers } from '../container/prune.ts'
import { removeContainer } from '../container/remove.ts'
import { renameContainer } from '../container/rename.ts'
import { resizeContainer } from '../container/resize.ts'
import { startContainer } from '../container/start.ts'
import { killContainer, restartContainer, stopContainer } from '../container/stop.ts'
import { topContainer } from '../container/top.ts'
import { updateContainer } from '../container/update.ts'
import type { Context } from '../context.ts'
import { parsePlatform } from '../image/platform.ts'

export const containerOperations = (context: Context): ContainerOperations => ({
  async containerList(options) {
    return await listContainers(context, options)
  },
  async containerCreate(name, request, platform) {
    return await createContainer(context, name, request, platform ? parsePlatform(platform) : undefined)
  },
  async containerInspect(id, options) {
    return await inspectContainer(context, context.containers.find(id), options)
  },
  async containerStart(id) {
    return await startContainer(context, context.containers.find(id))
  },
  async containerStop(id, options) {
    return await stopContainer(context, context.containers.find(id), options)
  },
  async containerRestart(id, options = {}) {
    await restartContainer(context, context.containers.find(id), options)
  },
  async containerKill(id, signal) {
    try {
      await killContainer(context, context.containers.find(id), signal)
    } catch (error) {
      if (!(error instanceof TscomposeError)) throw error
      throw new TscomposeError(error.code, `cannot kill container: ${id}: ${error.message}`, { cause: error })
    }
  },
  async containerPause(id) {
    await pauseContainer(context, context.containers.find(id))
  },
  async containerUnpause(id) {
    await unpauseContainer(context, context.containers.find(id))
  },
  async containerRename(id, name) {
    await renameContainer(context, context.containers.find(id), name)
  },
  async containerUpdate(id, request) {
    return { Warnings: [...(await updateContainer(context, context.containers.find(id), request))] }
  },
  async containerDelete(id, options = {}) {
    await removeContainer(context, context.containers.find(id), options)
  },
  async containerPrune({ filters } = {}) {
    return await pruneContainers(context, filters)
  },
  async containerWait(id, condition, signal) {
    return { exited: context.containers.find(id).wait(condition, signal) }
  },
  async containerLogs(id, options) {
    return await containerLogs(context.containers.find(id), options)
  },
  async containerAttach(id, options) {
    return await attachContainer(context, context.containers.find(id), options)
  },
  async containerResize(id, height, width) {
    resizeContainer(context, context.containers.find(id), height, width)
  },
  async containerTop(id, psArgs) {
    const container = context.containers.find(id)
    const processes = await topContainer(container, psArgs)
    emitContainer(context, container, 'top')
    return processes
  },
})
