import type { ExecOperations } from '../api.ts'
import type { Context } from '../context.ts'
import { createExec, resizeExec, startExec } from '../exec/exec.ts'
import { inspectExec } from '../exec/session.ts'

export const execOperations = (context: Context): ExecOperations => ({
  async execCreate(containerId, config) {
    return { Id: createExec(context, context.containers.find(containerId), config) }
  },
  async execStart(execId, config) {
    return await startExec(context, context.execs.find(execId), config)
  },
  async execResize(execId, height, width) {
    resizeExec(context.execs.find(execId), height, width)
  },
  async execInspect(execId) {
    return inspectExec(context.execs.find(execId))
  },
})
