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
  enable: {
    summary: 'Have systemd start the engine, and what is to run always, when the machine starts',
    load: () => import('./engine/enable.ts'),
  },
  disable: {
    summary: 'No longer have systemd start the engine with the machine; containers go on',
    load: () => import('./engine/disable.ts'),
  },
}
