import { splitTag } from '../../../engine/client/registries.ts'
import { collect, type Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { openInput } from '../../input-file.ts'
import { writeMessages } from '../../output/messages.ts'

interface ImportFlags {
  readonly change?: readonly string[]
  readonly message?: string
  readonly platform?: string
}

export const define: Define = (command, cli) =>
  command
    .argument('<FILE|URL|->')
    .argument('[REPOSITORY[:TAG]]')
    .option('-c, --change <instruction>', 'A Dockerfile instruction for its configuration', collect)
    .option('-m, --message <text>', 'What its history says about it')
    .option('--platform <platform>', 'What it is made for')
    .action(async (file: string, name: string | undefined, { change, message, platform }: ImportFlags) => {
      const source = /^https?:\/\//.test(file) ? new URL(file) : await openInput(cli, file)
      const named = name === undefined ? undefined : splitTag(name)
      const options = {
        ...(named && { repo: named.repository, tag: named.tag ?? 'latest' }),
        ...(message !== undefined && { message }),
        ...(change && { changes: [...change] }),
        ...(platform !== undefined && { platform }),
      }
      await writeMessages(cli.stdout, await (await connect()).imageImport(source, options, cli.signal))
    })
