import { disableService } from '../../../engine/daemon/service.ts'
import type { Define } from '../../command.ts'

export const define: Define = (command, cli) =>
  command.action(async () => {
    const wasEnabled = await disableService()
    cli.stdout.write(
      wasEnabled
        ? 'The engine no longer starts with the machine; it goes on until then, and so do containers.\n'
        : 'The engine does not start with the machine.\n',
    )
  })
