import type { Labels } from '../api.ts'
import type { Context } from '../context.ts'
import type { Container } from './container.ts'

/** Tells of a container what Docker tells: the action with its labels, image and name. */
export function emitContainer(
  { events }: Pick<Context, 'events'>,
  { id, name, record }: Container,
  action: string,
  attributes: Labels = {},
): void {
  const { Labels = {}, Image } = record.config
  events.emit('container', action, id, { ...Labels, ...attributes, image: Image, name })
}

/** Tells that a container has joined or left the networks it has endpoints on. */
export function emitEndpoints(
  { events, networks }: Pick<Context, 'events' | 'networks'>,
  { id }: Container,
  networkIds: readonly string[],
  action: 'connect' | 'disconnect',
): void {
  for (const networkId of networkIds) {
    const network = networks.get(networkId)
    if (network) events.emit('network', action, network.id, { container: id, name: network.name, type: network.driver })
  }
}

/** Tells that a container has mounted or left its volumes. */
export function emitMounts(
  { events }: Pick<Context, 'events'>,
  { id, record }: Container,
  action: 'mount' | 'unmount',
): void {
  for (const mount of record.mounts) {
    if (mount.type !== 'volume') continue
    const details =
      action === 'mount'
        ? { destination: mount.destination, propagation: '', 'read/write': String(!mount.readonly) }
        : {}
    events.emit('volume', action, mount.name, { container: id, driver: mount.driver, ...details })
  }
}
