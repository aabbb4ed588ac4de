import type { EngineStatus } from '../../engine/engine-status.ts'
import { version } from '../../engine/version.ts'

/** What `engine status` tells people. @param program the version of the program that tells it */
export const describeEngine = (status: EngineStatus, program: string = version): string =>
  [
    `The engine runs: process ${status.pid}, since ${status.startedAt}`,
    `  version     ${status.version} (API ${status.apiVersion})`,
    `  containers  ${status.containersRunning} running`,
    `  data        ${status.dataRoot}`,
    `  socket      ${status.runDir}/engine.sock`,
    ...(status.version === program
      ? []
      : [
          `This program is version ${program}: after "tscompose engine stop", which harms no container, its own engine starts.`,
        ]),
    '',
  ].join('\n')
