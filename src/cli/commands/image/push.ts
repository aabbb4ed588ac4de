import { fullName, loginFor, splitTag } from '../../../engine/client/registries.ts'
import { TscomposeError } from '../../../errors.ts'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { writeMessages } from '../../output/messages.ts'

interface PushFlags {
  readonly allTags?: boolean
  readonly platform?: string
  readonly quiet?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('<NAME[:TAG]>')
    .option('-a, --all-tags', 'All tags of the repository')
    .option('--disable-content-trust', 'Accepted for old scripts')
    .option('--platform <platform>', 'Of an image for several platforms only this one')
    .option('-q, --quiet', 'Only the name')
    .action(async (name: string, { allTags, platform, quiet }: PushFlags) => {
      const { repository, tag } = splitTag(name)
      if (allTags && tag !== undefined) throw new TscomposeError('CLI_FLAG', `tag can't be used with --all-tags/-a`)
      const options = {
        ...(await loginFor(name, cli.signal)),
        ...(!allTags && { tag: tag ?? 'latest' }),
        ...(platform !== undefined && { platform }),
      }
      if (!quiet && !allTags && tag === undefined) cli.stdout.write('Using default tag: latest\n')
      const messages = await (await connect()).imagePush(repository, options, cli.signal)
      await writeMessages(quiet ? { write: () => {} } : cli.stdout, messages)
      if (quiet) cli.stdout.write(`${fullName(name)}\n`)
    })
