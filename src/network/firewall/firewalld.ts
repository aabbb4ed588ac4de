import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { TscomposeError } from '../../errors.ts'

/**
 * firewalld owns its table from version 2.1 on: the kernel lets nobody else change it. Then firewalld is asked itself to
 * trust our devices, over D-Bus by busctl(1); it forgets that when it is restarted.
 */

const run = promisify(execFile)

const call = (method: string, device: string) =>
  run('busctl', [
    'call',
    'org.fedoraproject.FirewallD1',
    '/org/fedoraproject/FirewallD1',
    'org.fedoraproject.FirewallD1.zone',
    method,
    ...['ss', 'trusted', interfaceOf(device)],
  ])

/** Its own sign for any rest of a name. */
const interfaceOf = (device: string): string => device.replace(/\*$/, '+')

/** @throws TscomposeError NETWORK_FIREWALL_FAILED */
export async function trustDevices(devices: readonly string[]): Promise<void> {
  for (const device of devices)
    try {
      await call('changeZoneOfInterface', device)
    } catch (cause) {
      throw new TscomposeError('NETWORK_FIREWALL_FAILED', `firewalld does not take ${interfaceOf(device)} as trusted`, {
        fix: `As root: firewall-cmd --zone=trusted --change-interface=${interfaceOf(device)}`,
        cause,
      })
    }
}

/** What firewalld does not know, or does not run to know, is as good as forgotten. */
export async function forgetDevices(devices: readonly string[]): Promise<void> {
  for (const device of devices) await call('removeInterface', device).catch(() => {})
}

type Json = Readonly<Record<string, unknown>>

/** The number of firewalld's table, which is another one after each restart, of what `list tables` says. */
export const firewalldTable = (listing: readonly Json[]): number | undefined =>
  listing
    .map(({ table }) => table as { readonly name: string; readonly handle: number } | undefined)
    .find(table => table?.name === 'firewalld')?.handle
