import { fullName, loginFor } from '../../../engine/client/registries.ts'
import { type Define, notSupportedYet } from '../../command.ts'
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
    .option('-a, --all-tags', 'Not supported')
    .option('--disable-content-trust', 'Accepted for old scripts')
    .option('--platform <platform>', 'For another platform than that of this machine')
    .option('-q, --quiet', 'Only the name')
    .action(async (name: string, { allTags, platform, quiet }: PullFlags) => {
      if (allTags) throw notSupportedYet('--all-tags')
      const options = { ...(await loginFor(name, cli.signal)), ...(platform !== undefined && { platform }) }
      const messages = await (await connect()).imagePull(name, options, cli.signal)
      if (!quiet && !/[:@]/.test(name.split('/').at(-1) ?? '')) cli.stdout.write('Using default tag: latest\n')
      await writeMessages(quiet ? { write: () => {} } : cli.stdout, messages)
      cli.stdout.write(`${fullName(name)}\n`)
    })
