import { fullName, isRepository, loginFor } from '../../../engine/client/registries.ts'
import { TscomposeError } from '../../../errors.ts'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { writeMessages } from '../../output/messages.ts'

interface PullFlags {
  readonly allTags?: boolean
  readonly platform?: string
  readonly quiet?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('<NAME[:TAG|@DIGEST]>')
    .option('-a, --all-tags', 'All tags of the repository')
    .option('--disable-content-trust', 'Accepted for old scripts')
    .option('--platform <platform>', 'For another platform than that of this machine')
    .option('-q, --quiet', 'Only the name')
    .action(async (name: string, flags: PullFlags) => {
      const { allTags, platform = cli.env.DOCKER_DEFAULT_PLATFORM || undefined, quiet } = flags
      const isNamed = !isRepository(name)
      if (allTags && isNamed) throw new TscomposeError('CLI_FLAG', `tag can't be used with --all-tags/-a`)
      const options = {
        ...(await loginFor(name, cli.signal)),
        ...(platform !== undefined && { platform }),
        ...(allTags && { allTags }),
      }
      const messages = await (await connect()).imagePull(name, options, cli.signal)
      if (!quiet && !isNamed && !allTags) cli.stdout.write('Using default tag: latest\n')
      await writeMessages(quiet ? { write: () => {} } : cli.stdout, messages)
      cli.stdout.write(`${allTags ? fullName(name).replace(/:latest$/, '') : fullName(name)}\n`)
    })
