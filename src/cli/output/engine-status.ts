import type { EngineStatus } from '../../engine/engine-status.ts'

/** What `engine status` tells people. */
export const describeEngine = (status: EngineStatus): string =>
  [
    `The engine runs: process ${status.pid}, since ${status.startedAt}`,
    `  version     ${status.version} (API ${status.apiVersion})`,
    `  containers  ${status.containersRunning} running`,
    `  data        ${status.dataRoot}`,
    `  socket      ${status.runDir}/engine.sock`,
    '',
  ].join('\n')
