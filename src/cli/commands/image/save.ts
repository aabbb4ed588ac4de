import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { TscomposeError } from '../../../errors.ts'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<IMAGE...>')
    .option('-o, --output <file>', 'Instead of standard output')
    .action(async (images: string[], { output }: { output?: string }) => {
      if (output === undefined && cli.stdout.isTTY)
        throw new TscomposeError('CLI_FLAG', 'cowardly refusing to save to a terminal. Use the -o flag or redirect')
      const archive = await (await connect()).imageSave(images)
      if (output === undefined) return await pipeline(archive, cli.stdout, { signal: cli.signal, end: false })
      // The file gets its name when it is whole.
      const partial = `${output}.tscompose-partial`
      try {
        await pipeline(archive, createWriteStream(partial, { mode: 0o600 }), { signal: cli.signal })
        await rename(partial, output)
      } catch (error) {
        await rm(partial, { force: true })
        throw error
      }
    })
