import { writeFileSync } from 'node:fs'
import { TscomposeError } from '../errors.ts'

/** Settings of a network namespace, sysctl(8); to be called within it. */

const write = (name: string, value: string) => writeFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, value)

/** No IPv6 on devices that are made from now on: without addresses it is only a source of delays. */
export function disableIPv6(): void {
  try {
    write('net.ipv6.conf.default.disable_ipv6', '1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error // a kernel without IPv6
  }
}

/** @throws TscomposeError NETWORK_SYSCTL_INVALID */
export function writeSysctls(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!/^net\.[\w.-]+(\/[\w.-]+)*$/.test(name) || name.includes('..'))
      throw new TscomposeError('NETWORK_SYSCTL_INVALID', `sysctl ${name} is not one of a network namespace`)
    try {
      write(name, value)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      const reason = code === 'ENOENT' ? 'there is no such setting' : `the kernel refuses "${value}" (${code})`
      throw new TscomposeError('NETWORK_SYSCTL_INVALID', `sysctl ${name}: ${reason}`, { cause })
    }
  }
}
