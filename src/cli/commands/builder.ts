import type { CommandTable } from '../command.ts'

export const commands: CommandTable = {
  build: { summary: 'Build an image from a Dockerfile', load: () => import('./image/build.ts') },
  prune: { summary: 'Remove what builds have left for later ones', load: () => import('./builder/prune.ts') },
}
