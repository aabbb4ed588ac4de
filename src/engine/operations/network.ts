import type { NetworkOperations } from '../api.ts'
import type { Context } from '../context.ts'
import { connectContainer, connectedContainers, connectedTo, disconnectContainer } from '../network/connections.ts'
import { inspectNetwork, networkFilter } from '../network/inspect.ts'

export const networkOperations = (context: Context): NetworkOperations => ({
  async networkList({ filters } = {}) {
    const wanted = networkFilter(filters)
    return context.networks
      .all()
      .filter(record => wanted(record, connectedTo(context, record.id).length > 0))
      .map(record => inspectNetwork(record, connectedContainers(context, record.id)))
  },
  async networkInspect(id) {
    const { networks } = context
    const found = networks.find(id)
    // Scripts ask the bridge that is always there for its gateway, which it has only once it is made.
    const made = found.name === 'bridge' ? await networks.ensure(found).catch(() => undefined) : undefined
    const record = made ? networks.find(found.id) : found
    return inspectNetwork(record, connectedContainers(context, record.id))
  },
  async networkCreate(request) {
    return { Id: (await context.networks.create(request)).id, Warning: '' }
  },
  async networkDelete(id) {
    await context.networks.remove(id)
  },
  async networkPrune({ filters } = {}) {
    return { NetworksDeleted: await context.networks.prune(filters) }
  },
  async networkConnect(id, container, endpoint) {
    const { networks } = context
    await connectContainer(context, networks.find(id), context.containers.find(container), endpoint)
  },
  /** `force` is for endpoints whose container has gone, which are not to be had here. */
  async networkDisconnect(id, container) {
    await disconnectContainer(context, context.networks.find(id), context.containers.find(container))
  },
})
