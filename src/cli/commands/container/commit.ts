import { collect, type Define } from '../../command.ts'
import { type CommitFlags, commitOptions } from '../../commit.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER>')
    .argument('[REPOSITORY[:TAG]]')
    .option('-a, --author <author>', 'Who made it (for example, "Ann Smith <ann@example.com>")')
    .option('-c, --change <instruction>', 'Apply a Dockerfile instruction to the image', collect)
    .option('-m, --message <text>', 'What has been done')
    .option('-p, --pause', 'Let the container stand still meanwhile', true)
    .action(async (container: string, reference: string | undefined, flags: CommitFlags) => {
      const { Id } = await (await connect()).imageCommit(container, commitOptions(reference, flags))
      cli.stdout.write(`${Id}\n`)
    })
