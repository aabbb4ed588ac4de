import { TscomposeError } from '../errors.ts'
import { type Family, readAddress } from './addresses/address.ts'
import type { NetworkSpec } from './network.ts'

/**
 * How the containers of a network and the rest of the world come together, for each family (Docker's
 * `gateway_mode_ipv4`, `gateway_mode_ipv6`):
 * - `nat`: they leave with an address of the host, and are entered by ports published on it.
 * - `nat-unprotected`: the same, and whoever has a route to the containers reaches all of their ports.
 * - `routed`: they leave with their own addresses, and those who have a route reach the published ports on those.
 * - `isolated`: the host itself has no address on the network.
 */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated'

/** Options of Docker's bridge driver, with what they are where nothing is said. */
export interface BridgeOptions {
  /** Of the bridge; undefined: one of our own. */
  readonly name: string | undefined
  /** Undefined: that of the uplink. */
  readonly mtu: number | undefined
  /** What the names of the containers' interfaces begin with. */
  readonly interfacePrefix: string
  /** Whether containers of the network reach each other. */
  readonly icc: boolean
  readonly masquerade: boolean
  /** The address of the host with which packets leave, in place of that of the device they leave by. */
  readonly sourceAddress: Readonly<Record<Family, string | undefined>>
  /** Where ports are published that name no address. */
  readonly hostBinding: string | undefined
  /** Devices of the host by which published ports are reached on the containers' own addresses, too. */
  readonly trustedInterfaces: readonly string[]
  /** Whether the bridge gets no IPv4 address. */
  readonly inhibitIPv4: boolean
  readonly gatewayMode: Readonly<Record<Family, GatewayMode>>
}

type Spec = Pick<NetworkSpec, 'name' | 'options' | 'internal'>

const prefix = 'com.docker.network.'

const option = {
  name: `${prefix}bridge.name`,
  mtu: `${prefix}driver.mtu`,
  interfacePrefix: `${prefix}container_iface_prefix`,
  icc: `${prefix}bridge.enable_icc`,
  masquerade: `${prefix}bridge.enable_ip_masquerade`,
  hostIPv4: `${prefix}host_ipv4`,
  hostIPv6: `${prefix}host_ipv6`,
  hostBinding: `${prefix}bridge.host_binding_ipv4`,
  trusted: `${prefix}bridge.trusted_host_interfaces`,
  inhibitIPv4: `${prefix}bridge.inhibit_ipv4`,
  modeIPv4: `${prefix}bridge.gateway_mode_ipv4`,
  modeIPv6: `${prefix}bridge.gateway_mode_ipv6`,
  /** Says which network this is, and changes nothing of it. */
  defaultBridge: `${prefix}bridge.default_bridge`,
} as const

const known: readonly string[] = Object.values(option)

/**
 * @throws TscomposeError NETWORK_OPTION_INVALID, or NETWORK_NOT_SUPPORTED for an option of Docker's that would make
 * another network than this; those of other makers are nobody's business here
 */
export function parseBridgeOptions(spec: Spec): BridgeOptions {
  const { name, options } = spec
  for (const [key, value] of Object.entries(options))
    if (key.startsWith(prefix) && !known.includes(key))
      throw new TscomposeError('NETWORK_NOT_SUPPORTED', `network ${name}: there is no option ${key} (=${value}) here`, {
        fix: `Those there are: ${known.map(key => key.slice(prefix.length)).join(', ')}, all after ${prefix}`,
      })
  return {
    name: deviceName(spec),
    mtu: parseMtu(spec),
    interfacePrefix: options[option.interfacePrefix] || 'eth',
    icc: boolean(spec, option.icc, true),
    masquerade: boolean(spec, option.masquerade, true),
    sourceAddress: { 4: address(spec, option.hostIPv4, 4), 6: address(spec, option.hostIPv6, 6) },
    hostBinding: address(spec, option.hostBinding, 4),
    trustedInterfaces: options[option.trusted]?.split(':').filter(Boolean).map(device(spec)) ?? [],
    inhibitIPv4: boolean(spec, option.inhibitIPv4, false),
    gatewayMode: { 4: gatewayMode(spec, option.modeIPv4), 6: gatewayMode(spec, option.modeIPv6) },
  }
}

function parseMtu(spec: Spec): number | undefined {
  const text = spec.options[option.mtu]
  // Docker's own default says 0.
  if (text === undefined || text === '0') return undefined
  const mtu = Number(text)
  if (Number.isInteger(mtu) && mtu >= 68 && mtu <= 65535) return mtu
  throw cannotBe(spec, option.mtu)
}

/** How Go reads them (strconv.ParseBool). */
const booleans = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map(text => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map(text => [text, false] as const),
])

function boolean(spec: Spec, key: string, preset: boolean): boolean {
  const text = spec.options[key]
  if (text === undefined) return preset
  return booleans.get(text) ?? cannotBe(spec, key, 'It is true or false.')
}

function address(spec: Spec, key: string, family: Family): string | undefined {
  const text = spec.options[key]
  if (!text) return undefined
  if (readAddress(text)?.family === family) return text
  return cannotBe(spec, key, `It is an IPv${family} address of this machine.`)
}

const modes: readonly string[] = ['nat', 'nat-unprotected', 'routed', 'isolated'] satisfies GatewayMode[]

function gatewayMode(spec: Spec, key: string): GatewayMode {
  const text = spec.options[key] || 'nat'
  if (!modes.includes(text)) return cannotBe(spec, key, `It is one of ${modes.join(', ')}.`)
  if (text === 'isolated' && !spec.internal)
    return cannotBe(spec, key, 'Only an internal network can be isolated from the host.')
  return text as GatewayMode
}

/** What the kernel takes as the name of a device. */
const isDeviceName = (text: string): boolean => /^(?!\.{1,2}$)[\w.@+-]{1,15}$/.test(text)

const nameFix = 'The name of a device has at most 15 characters: letters, digits, and . _ - + @'

function deviceName(spec: Spec): string | undefined {
  const text = spec.options[option.name]
  return text === undefined || isDeviceName(text) ? text : cannotBe(spec, option.name, nameFix)
}

const device =
  (spec: Spec) =>
  (text: string): string =>
    isDeviceName(text) ? text : cannotBe(spec, option.trusted, nameFix)

function cannotBe({ name, options }: Spec, key: string, fix?: string): never {
  throw new TscomposeError('NETWORK_OPTION_INVALID', `network ${name}: ${key} cannot be "${options[key]}"`, {
    ...(fix && { fix }),
  })
}
