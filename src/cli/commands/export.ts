import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { observeContainers } from '../../compose/observe.ts'
import { TscomposeError } from '../../errors.ts'
import { type Define, notSupportedYet } from '../command.ts'
import { integer } from '../numbers.ts'
import { replicaOf } from '../replica.ts'
import { findNamed } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<SERVICE>')
    .option('-o, --output <file>', 'Write to this file instead of standard output')
    .option('--index <n>', 'The replica of the service, from 1', integer('--index'), 0)
    .action(async (service: string, { output, index }: { output?: string; index: number }) => {
      if (cli.options.dryRun) throw notSupportedYet('--dry-run of export')
      if (output === undefined && cli.stdout.isTTY)
        throw new TscomposeError('CLI_FLAG', 'output option is required when exporting to terminal')
      const { engine, name } = await findNamed(cli)
      const container = replicaOf(await observeContainers(engine, name), service, { index })
      const archive = await engine.containerExport(container.id)
      if (output === undefined) await pipeline(archive, cli.stdout, { end: false, signal: cli.signal })
      else await pipeline(archive, createWriteStream(resolve(cli.cwd, output)), { signal: cli.signal })
    })
