import { TscomposeError } from '../../errors.ts'
import type { Context } from '../context.ts'
import { invalid } from '../failures.ts'
import { renameEndpoints } from '../network/connections.ts'
import type { Container } from './container.ts'
import { emitContainer } from './events.ts'

/** Gives a container another name. */
export async function renameContainer(context: Context, container: Container, text: string): Promise<void> {
  const { containers } = context
  await container.serial.run(async () => {
    const before = container.name
    if (text.trim().replace(/^\//, '') === '') throw invalid('Neither old nor new names may be empty')
    if (text.trim().replace(/^\//, '') === before) {
      throw invalid('Renaming a container with the same name as its current name')
    }
    const name = newName(containers, text.trim(), container.id)
    try {
      await container.change({ name })
    } catch (error) {
      containers.releaseName(name, container.id)
      throw error
    }
    containers.releaseName(before, container.id)
    await renameEndpoints(context, container)
    emitContainer(context, container, 'rename', { oldName: `/${before}` })
  })
}

/** In dockerd's words. @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_CONTAINER_NAME_TAKEN */
function newName(containers: Context['containers'], text: string, id: string): string {
  try {
    return containers.reserveName(text, id)
  } catch (error) {
    if (!(error instanceof TscomposeError)) throw error
    throw new TscomposeError(error.code, `Error when allocating new name: ${error.message}`, { cause: error })
  }
}
