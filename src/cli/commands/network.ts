import type { CommandTable } from '../command.ts'

export const commands: CommandTable = {
  connect: { summary: 'Put a container on a network', load: () => import('./network/connect.ts') },
  create: { summary: 'Create a network', load: () => import('./network/create.ts') },
  disconnect: { summary: 'Take a container off a network', load: () => import('./network/disconnect.ts') },
  inspect: { summary: 'Show all about networks', load: () => import('./network/inspect.ts') },
  ls: { summary: 'List networks', aliases: ['list'], load: () => import('./network/ls.ts') },
  prune: { summary: 'Remove the networks that no container is on', load: () => import('./network/prune.ts') },
  rm: { summary: 'Remove networks', aliases: ['remove'], load: () => import('./network/rm.ts') },
}
