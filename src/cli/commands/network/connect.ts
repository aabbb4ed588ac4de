import { collect, type Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { keyValues } from '../../key-values.ts'
import { integer } from '../../numbers.ts'

interface ConnectFlags {
  readonly alias?: readonly string[]
  readonly driverOpt?: readonly string[]
  readonly gwPriority?: number
  readonly ip?: string
  readonly ip6?: string
  readonly link?: readonly string[]
  readonly linkLocalIp?: readonly string[]
}

export const define: Define = command =>
  command
    .argument('<NETWORK>')
    .argument('<CONTAINER>')
    .option('--alias <name>', 'A further name of the container on this network', collect)
    .option('--driver-opt <name=value>', 'An option of the driver', collect)
    .option(
      '--gw-priority <number>',
      'The network with the highest one supplies the default route',
      integer('--gw-priority'),
    )
    .option('--ip <address>', 'An IPv4 address')
    .option('--ip6 <address>', 'An IPv6 address')
    .option('--link <container>', 'Another container, under a name of its own: container:name', collect)
    .option('--link-local-ip <address>', 'A link-local address', collect)
    .action(async (network: string, container: string, flags: ConnectFlags) => {
      const { alias, driverOpt, gwPriority, ip, ip6, link, linkLocalIp } = flags
      const ipam = {
        ...(ip && { IPv4Address: ip }),
        ...(ip6 && { IPv6Address: ip6 }),
        ...(linkLocalIp && { LinkLocalIPs: [...linkLocalIp] }),
      }
      await (await connect()).networkConnect(network, container, {
        ...(Object.keys(ipam).length > 0 && { IPAMConfig: ipam }),
        ...(alias && { Aliases: [...alias] }),
        ...(driverOpt && { DriverOpts: keyValues(driverOpt) }),
        ...(gwPriority !== undefined && { GwPriority: gwPriority }),
        ...(link && { Links: [...link] }),
      })
    })
