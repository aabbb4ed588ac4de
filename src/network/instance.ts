import { createHash, randomBytes } from 'node:crypto'
import { resolve } from 'node:path'

/**
 * Names in the kernel. Every engine has an instance id, made from its run-time directory: engines with other
 * directories (tests, other users) stay apart, and the next engine of the same directory finds what this one leaves.
 */
export interface Instance {
  /** 8 hex digits. */
  readonly id: string
  /** The nftables table. */
  readonly table: string
  /** What the names of our devices begin with; 7 characters. */
  readonly devicePrefix: string
}

export function instanceOf(runDir: string): Instance {
  const id = createHash('sha256').update(resolve(runDir)).digest('hex').slice(0, 8)
  return { id, table: `tscompose_${id}`, devicePrefix: `tsc${id.slice(0, 4)}` }
}

/** 15 characters, the longest name a device can have (IFNAMSIZ). */
export const bridgeName = ({ devicePrefix }: Instance, networkId: string): string =>
  `${devicePrefix}-${networkId.slice(0, 7)}`

/** A fresh name each time: the kernel frees that of a device whose namespace has ended only some milliseconds later. */
export const vethName = ({ devicePrefix }: Instance): string =>
  `${devicePrefix}v${randomBytes(4).toString('hex').slice(1)}`

/** What was set of IPv4 forwarding before we switched it on. */
export interface ForwardingBefore {
  /** net.ipv4.conf.all.accept_redirects, which the kernel changes with it. */
  readonly acceptsRedirects: boolean
  /** Devices from which packets were forwarded nevertheless. */
  readonly open: readonly string[]
  /** All others that there were, as far as their names fit into the mark: between them nothing is to be forwarded. */
  readonly closed: readonly string[]
}

/** What a device of ours is for; its alias says so. */
export type Purpose =
  | { readonly kind: 'network'; readonly networkId: string; readonly forwardingBefore?: ForwardingBefore | undefined }
  | { readonly kind: 'endpoint'; readonly containerId: string; readonly networkId: string }

/** The IFLA_IFALIAS of a device, e.g. `tscompose:1f2e3d4c:network:<id>:forwarding:1 +wg0 eth0` */
export function deviceAlias({ id }: Instance, purpose: Purpose): string {
  const rest =
    purpose.kind === 'network'
      ? [purpose.networkId, ...(purpose.forwardingBefore ? ['forwarding', encodeBefore(purpose.forwardingBefore)] : [])]
      : [purpose.containerId, purpose.networkId]
  return ['tscompose', id, purpose.kind, ...rest].join(':')
}

/** The alias has 255 bytes, of which the rest takes at most 112. */
function encodeBefore({ acceptsRedirects, open, closed }: ForwardingBefore): string {
  const text = [acceptsRedirects ? '1' : '0', ...open.map(name => `+${name}`), ...closed].join(' ')
  return text.length <= 143 ? text : text.slice(0, text.lastIndexOf(' ', 143))
}

function parseBefore(text = '1'): ForwardingBefore {
  const [redirects, ...devices] = text.split(' ')
  const [open, closed] = [true, false].map(is => devices.filter(name => name.startsWith('+') === is))
  return { acceptsRedirects: redirects !== '0', open: (open ?? []).map(name => name.slice(1)), closed: closed ?? [] }
}

/** @returns undefined for a device that is not of any engine of ours */
export function parseDeviceAlias(alias = ''): { readonly instanceId: string; readonly purpose: Purpose } | undefined {
  const [program, instanceId, kind, first, second, third] = alias.split(':')
  if (program !== 'tscompose' || instanceId === undefined || first === undefined) return undefined
  if (kind === 'network') {
    const forwardingBefore = second === 'forwarding' ? parseBefore(third) : undefined
    return { instanceId, purpose: { kind, networkId: first, ...(forwardingBefore && { forwardingBefore }) } }
  }
  if (kind !== 'endpoint' || second === undefined) return undefined
  return { instanceId, purpose: { kind, containerId: first, networkId: second } }
}
