import { createReadStream } from 'node:fs'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  command
    .argument('[FILE]', 'the archive; without it, or with -, standard input')
    .option('-i, --input <file>', 'The archive, as docker load takes it')
    .action(async (argument: string | undefined, { input }: { input?: string }) => {
      const file = argument ?? input
      const archive = file === undefined || file === '-' ? cli.stdin : createReadStream(file)
      const engine = await connect()
      for await (const { stream } of await engine.imageLoad(archive, cli.signal)) cli.stdout.write(stream ?? '')
    })
