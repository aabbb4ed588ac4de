import type { CommandTable } from '../command.ts'

export const commands: CommandTable = {
  build: { summary: 'Build an image from a Dockerfile', load: () => import('./image/build.ts') },
  history: { summary: 'Show the steps an image was made in', load: () => import('./image/history.ts') },
  import: {
    summary: 'Make an image of the archive of a root file system',
    load: () => import('./image/import.ts'),
    asksOutside: true,
  },
  inspect: { summary: 'Show all about images', load: () => import('./image/inspect.ts') },
  load: { summary: 'Take images from an archive (docker save, or OCI)', load: () => import('./image/load.ts') },
  ls: { summary: 'List images', aliases: ['list'], load: () => import('./image/ls.ts') },
  prune: { summary: 'Remove images that nothing uses', load: () => import('./image/prune.ts') },
  pull: { summary: 'Fetch an image from a registry', load: () => import('./image/pull.ts'), asksOutside: true },
  push: { summary: 'Send an image to a registry', load: () => import('./image/push.ts'), asksOutside: true },
  rm: { summary: 'Remove images', aliases: ['remove'], load: () => import('./image/rm.ts') },
  save: { summary: 'Write images into an archive', load: () => import('./image/save.ts') },
  search: { summary: 'Search a registry', load: () => import('./image/search.ts'), asksOutside: true },
  tag: { summary: 'Give an image a further name', load: () => import('./image/tag.ts') },
}
