import { type Define, Exit } from '../../command.ts'

export const define: Define = command =>
  command
    .argument('<COMMAND>')
    .argument('[ARG...]')
    .passThroughOptions()
    .action(async (name: string, words: string[]) => {
      const { run } = await import('../../program.ts')
      throw new Exit(await run(['--dry-run', name, ...words]))
    })
