import type { CommandTable } from '../command.ts'

export const commands: CommandTable = {
  load: { summary: 'Take images from an archive (docker save, or OCI)', load: () => import('./image/load.ts') },
  ls: { summary: 'List images', aliases: ['list'], load: () => import('./image/ls.ts') },
}
