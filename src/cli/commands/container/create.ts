import type { ContainerCreateRequest } from '../../../engine/api.ts'
import type { Define } from '../../command.ts'
import { type CreateFlags, declareCreateFlags } from '../../create/flags.ts'
import { makeContainer, requestOf } from '../../create/make.ts'
import { attachedStreams } from '../../create/request.ts'
import { connect } from '../../engine.ts'
import { refusal } from '../../exit-codes.ts'

export const define: Define = (command, cli) =>
  declareCreateFlags(command.argument('<IMAGE>').argument('[COMMAND...]')).action(
    async (image: string, words: string[], flags: CreateFlags) => {
      let request: ContainerCreateRequest
      try {
        request = requestOf(cli, image, words, flags, attachedStreams(flags))
      } catch (error) {
        throw refusal(cli, error)
      }
      cli.stdout.write(`${await makeContainer(cli, await connect(), flags, request)}\n`)
    },
  )
