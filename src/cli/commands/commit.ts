import { observeContainers } from '../../compose/observe.ts'
import type { Define } from '../command.ts'
import { type CommitFlags, commitOptions, defineCommitFlags } from '../commit.ts'
import { openProgress } from '../progress/progress.ts'
import { replicaOf, replicaOption } from '../replica.ts'
import { findNamed } from '../target.ts'

export const define: Define = (command, cli) =>
  defineCommitFlags(command.argument('<SERVICE>').argument('[REPOSITORY[:TAG]]'))
    .addOption(replicaOption())
    .action(
      async (service: string, reference: string | undefined, flags: CommitFlags & { readonly index?: number }) => {
        const { engine, name } = await findNamed(cli)
        const container = replicaOf(await observeContainers(engine, name), service, { index: flags.index })
        await using progress = await openProgress(cli)
        const id = `Container ${container.name}`
        progress.begin(new Map([[id, 1]]))
        progress.report({ id, text: 'Committing', status: 'working' })
        const image = cli.options.dryRun
          ? undefined
          : await engine.imageCommit(container.id, commitOptions(reference, flags))
        progress.report({ id, text: image ? `Committed as ${image.Id}` : 'Committed', status: 'done' })
        await progress.end(false)
      },
    )
