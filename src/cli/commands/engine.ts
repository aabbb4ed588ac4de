import type { CommandTable } from '../command.ts'

export const commands: CommandTable = {
  status: {
    summary: 'Say whether the engine runs; exit code 1 if not',
    load: () => import('./engine/status.ts'),
  },
  start: {
    summary: 'Start the engine, which other commands do when they need it',
    load: () => import('./engine/start.ts'),
  },
  stop: {
    summary: 'End the engine; containers go on, and the next command finds them',
    load: () => import('./engine/stop.ts'),
  },
}
