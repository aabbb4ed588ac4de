import type { Define } from '../../command.ts'
import { type CreateFlags, declareCreateFlags } from '../../create/flags.ts'
import { makeContainer, requestOf } from '../../create/make.ts'
import { attachedStreams } from '../../create/request.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  declareCreateFlags(command.argument('<IMAGE>').argument('[COMMAND...]')).action(
    async (image: string, words: string[], flags: CreateFlags) => {
      const request = requestOf(cli, image, words, flags, attachedStreams(flags))
      cli.stdout.write(`${await makeContainer(cli, await connect(), flags, request)}\n`)
    },
  )
