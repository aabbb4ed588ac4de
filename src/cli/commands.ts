import type { CommandEntry } from './command.ts'

/** Every command, in the order of the help text. A new command is a new row and its file. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  version: { summary: 'Show the version', load: () => import('./commands/version.ts') },
}
