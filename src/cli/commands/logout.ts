import { domainOf, forgetCredentials, serverOf } from '../../engine/client/registries.ts'
import type { Define } from '../command.ts'

export const define: Define = (command, cli) =>
  command.argument('[SERVER]').action(async (server = '') => {
    const domain = domainOf(server)
    const known = await forgetCredentials(domain, cli.signal)
    cli.stdout.write(`${known ? 'Removing login credentials for' : 'Not logged in to'} ${serverOf(domain)}\n`)
  })
