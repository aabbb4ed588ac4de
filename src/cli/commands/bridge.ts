import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'

/** Known by name, so that whoever tries it learns why it is not there. */
export const define: Define = command =>
  command
    .argument('[ARG...]')
    .allowUnknownOption()
    .action(() => {
      throw new TscomposeError(
        'COMPOSE_NOT_SUPPORTED',
        'not supported: bridge, whose work is done by images of Docker (docker/compose-bridge-kubernetes) with their own templates',
        { fix: 'tscompose config prints the whole model, which converters such as kompose read.' },
      )
    })
