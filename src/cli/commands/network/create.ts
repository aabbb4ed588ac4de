import { BlockList, isIPv6 } from 'node:net'
import type { IPAM } from '../../../engine/api.ts'
import { TscomposeError } from '../../../errors.ts'
import { collect, type Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { keyValues } from '../../key-values.ts'

interface CreateFlags {
  readonly attachable?: boolean
  readonly auxAddress?: readonly string[]
  readonly configFrom?: string
  readonly configOnly?: boolean
  readonly driver: string
  readonly gateway?: readonly string[]
  readonly ingress?: boolean
  readonly internal?: boolean
  readonly ipRange?: readonly string[]
  readonly ipamDriver: string
  readonly ipamOpt?: readonly string[]
  readonly ipv4?: boolean
  readonly ipv6?: boolean
  readonly label?: readonly string[]
  readonly opt?: readonly string[]
  readonly scope?: string
  readonly subnet?: readonly string[]
}

export const define: Define = (command, cli) =>
  command
    .argument('<NETWORK>')
    .option('--attachable', 'Containers may be put on it by hand; so they may here always')
    .option('--aux-address <name=address>', 'An address that no container gets', collect)
    .option('--config-from <network>', 'Made after such a configuration')
    .option('--config-only', 'No network, but a configuration to make others after')
    .option('-d, --driver <driver>', 'bridge, macvlan, or ipvlan', 'bridge')
    .option('--gateway <address>', 'The address of the gateway in the subnet', collectList)
    .option('--ingress', 'Not supported')
    .option('--internal', 'No way in or out')
    .option('--ip-range <cidr>', 'The part of the subnet from which containers get addresses', collectList)
    .option('--ipam-driver <driver>', 'default', 'default')
    .option('--ipam-opt <name=value>', 'An option of the IPAM driver', collect)
    .option('--ipv4', 'IPv4 addresses (on unless --ipv4=false)')
    .option('--ipv6', 'IPv6 addresses')
    .option('--label <name=value>', 'A label', collect)
    .option('-o, --opt <name=value>', 'An option of the driver', collect)
    .option('--scope <scope>', 'local')
    .option('--subnet <cidr>', 'A subnet; without one, a free one is chosen', collectList)
    .action(async (name: string, flags: CreateFlags) => {
      const { Id, Warning } = await (await connect()).networkCreate({
        Name: name,
        Driver: flags.driver,
        IPAM: ipamOf(flags),
        Options: keyValues(flags.opt),
        Labels: keyValues(flags.label),
        ...(flags.attachable && { Attachable: true }),
        ...(flags.configFrom && { ConfigFrom: { Network: flags.configFrom } }),
        ...(flags.configOnly && { ConfigOnly: true }),
        ...(flags.ingress && { Ingress: true }),
        ...(flags.internal && { Internal: true }),
        ...(flags.ipv4 !== undefined && { EnableIPv4: flags.ipv4 }),
        ...(flags.ipv6 !== undefined && { EnableIPv6: flags.ipv6 }),
        ...(flags.scope && { Scope: flags.scope }),
      })
      if (Warning) cli.stderr.write(`WARNING: ${Warning}\n`)
      cli.stdout.write(`${Id}\n`)
    })

/** May be given several times, or once with commas. */
const collectList = (value: string, earlier: readonly string[] = []): readonly string[] => [
  ...earlier,
  ...value.split(','),
]

type Config = NonNullable<IPAM['Config']>[number]

/** Ranges, gateways and reserved addresses belong to the subnet in which they lie. */
export function ipamOf(
  flags: Pick<CreateFlags, 'subnet' | 'gateway' | 'ipRange' | 'auxAddress' | 'ipamDriver' | 'ipamOpt'>,
): IPAM {
  const { subnet: subnets = [], gateway = [], ipRange = [], auxAddress = [] } = flags
  if (subnets.length < ipRange.length || subnets.length < gateway.length)
    throw new TscomposeError('CLI_FLAG', 'every ip-range or gateway must have a corresponding subnet')
  const configs: Config[] = []
  for (const Subnet of subnets) {
    const clashes = configs.some(({ Subnet: other = '' }) => liesIn(Subnet, other) || liesIn(other, Subnet))
    if (clashes) throw new TscomposeError('CLI_FLAG', 'multiple overlapping subnet configuration is not supported')
    configs.push({ Subnet })
  }
  const place = (what: string, text: string, put: (config: Config) => Config) => {
    const at = configs.findIndex(({ Subnet = '' }) => liesIn(text, Subnet))
    if (at < 0) throw new TscomposeError('CLI_FLAG', `no matching subnet for ${what} ${text}`)
    configs[at] = put(configs[at] as Config)
  }
  const placeOne = (what: string, key: 'IPRange' | 'Gateway', text: string) =>
    place(what, text, config => {
      if (config[key] === undefined) return { ...config, [key]: text }
      throw new TscomposeError(
        'CLI_FLAG',
        `cannot configure multiple ${what}s (${text}, ${config[key]}) on the same subnet (${config.Subnet})`,
      )
    })
  for (const range of ipRange) placeOne('range', 'IPRange', range)
  for (const address of gateway) placeOne('gateway', 'Gateway', address)
  for (const [key, address] of Object.entries(keyValues(auxAddress)))
    place('aux-address', address, config => ({
      ...config,
      AuxiliaryAddresses: { ...config.AuxiliaryAddresses, [key]: address },
    }))
  return { Driver: flags.ipamDriver, Config: configs, Options: keyValues(flags.ipamOpt) }
}

/** Whether an address, or the first of a range, lies in a subnet. What is no subnet, the engine will say. */
function liesIn(text: string, subnet: string): boolean {
  const [address = ''] = text.split('/')
  const [base = '', prefix] = subnet.split('/')
  const family = isIPv6(base) ? 'ipv6' : 'ipv4'
  try {
    const block = new BlockList()
    block.addSubnet(base, Number(prefix), family)
    return isIPv6(address) === isIPv6(base) && block.check(address, family)
  } catch {
    return false
  }
}
