import type { CommandTable } from '../command.ts'

export const commands: CommandTable = {
  create: { summary: 'Create a volume', load: () => import('./volume/create.ts') },
  ls: { summary: 'List volumes', aliases: ['list'], load: () => import('./volume/ls.ts') },
  inspect: { summary: 'Show all that is known of volumes', load: () => import('./volume/inspect.ts') },
  rm: { summary: 'Remove volumes', aliases: ['remove'], load: () => import('./volume/rm.ts') },
  prune: { summary: 'Remove volumes that no container uses', load: () => import('./volume/prune.ts') },
}
