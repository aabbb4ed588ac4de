import type { CommandTable } from '../command.ts'

export const commands: CommandTable = {
  info: { summary: 'Tell about the engine and the machine', load: () => import('./system/info.ts') },
  df: { summary: 'Tell where the bytes are', load: () => import('./system/df.ts') },
  events: { summary: 'Show what happens, as it happens', load: () => import('./system/events.ts') },
  prune: { summary: 'Remove what nothing uses', load: () => import('./system/prune.ts') },
}
