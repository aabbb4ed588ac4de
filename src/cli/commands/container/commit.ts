import type { Define } from '../../command.ts'
import { type CommitFlags, commitOptions, defineCommitFlags } from '../../commit.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  defineCommitFlags(command.argument('<CONTAINER>').argument('[REPOSITORY[:TAG]]')).action(
    async (container: string, reference: string | undefined, flags: CommitFlags) => {
      const { Id } = await (await connect()).imageCommit(container, commitOptions(reference, flags))
      cli.stdout.write(`${Id}\n`)
    },
  )
