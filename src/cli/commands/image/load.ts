import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { openInput } from '../../input-file.ts'
import { writeMessages } from '../../output/messages.ts'
import { forPlatform } from '../../platform.ts'

interface LoadFlags {
  readonly input?: string
  readonly platform?: string
  readonly quiet?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('[FILE]', 'the archive; without it, or with -, standard input')
    .option('-i, --input <file>', 'The archive, as docker load takes it')
    .option('--platform <platform>', 'Of an image for several platforms this one')
    .option('-q, --quiet', 'No progress of layers')
    .action(async (argument: string | undefined, { input, quiet, ...flags }: LoadFlags) => {
      const archive = await openInput(cli, argument ?? input)
      const messages = await (await connect()).imageLoad(archive, cli.signal, forPlatform(flags))
      if (!quiet) return await writeMessages(cli.stdout, messages)
      for await (const { stream } of messages) cli.stdout.write(stream ?? '')
    })
