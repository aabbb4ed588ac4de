import { createWriteStream } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Define } from '../../command.ts'
import { badFlag } from '../../create/parsed.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER>')
    .option('-o, --output <file>', 'Write to this file instead of standard output')
    .action(async (container: string, { output }: { output?: string }) => {
      if (output === undefined && cli.stdout.isTTY)
        throw badFlag('cowardly refusing to save to a terminal. Use the -o flag or redirect')
      const archive = await (await connect()).containerExport(container)
      if (output === undefined) await pipeline(archive, cli.stdout, { end: false, signal: cli.signal })
      else await pipeline(archive, createWriteStream(path.resolve(cli.cwd, output)), { signal: cli.signal })
    })
