import { TscomposeError } from '../../../errors.ts'
import type { Define } from '../../command.ts'

export const define: Define = command =>
  command
    .argument('[CONTAINER...]')
    .allowUnknownOption()
    .action(() => {
      throw new TscomposeError('COMPOSE_NOT_SUPPORTED', 'not supported: a Compose file made of containers', {
        fix: 'What a container was made with, tscompose container inspect tells.',
      })
    })
