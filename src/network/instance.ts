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

/** What a device of ours is for; its alias says so. */
export type Purpose =
  | { readonly kind: 'network'; readonly networkId: string; readonly switchedForwardingOn: boolean }
  | { readonly kind: 'endpoint'; readonly containerId: string; readonly networkId: string }

/** The IFLA_IFALIAS of a device, e.g. `tscompose:1f2e3d4c:network:<id>:forwarding` */
export function deviceAlias({ id }: Instance, purpose: Purpose): string {
  const rest =
    purpose.kind === 'network'
      ? [purpose.networkId, ...(purpose.switchedForwardingOn ? ['forwarding'] : [])]
      : [purpose.containerId, purpose.networkId]
  return ['tscompose', id, purpose.kind, ...rest].join(':')
}

/** @returns undefined for a device that is not of any engine of ours */
export function parseDeviceAlias(alias = ''): { readonly instanceId: string; readonly purpose: Purpose } | undefined {
  const [program, instanceId, kind, first, second] = alias.split(':')
  if (program !== 'tscompose' || instanceId === undefined || first === undefined) return undefined
  if (kind === 'network')
    return { instanceId, purpose: { kind, networkId: first, switchedForwardingOn: second === 'forwarding' } }
  if (kind !== 'endpoint' || second === undefined) return undefined
  return { instanceId, purpose: { kind, containerId: first, networkId: second } }
}
