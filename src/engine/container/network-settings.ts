import type { EndpointSettings, NetworkSettings } from '../api.ts'
import type { Context } from '../context.ts'
import { toEndpointSettings } from '../network/endpoints.ts'
import { toPortMap } from '../network/ports.ts'
import type { Container } from './container.ts'
import { endpointOwner } from './networking.ts'
import { isAlive } from './state.ts'
import { legacyAddresses } from './whole.ts'

/** `Networks`: every network the container is on, with its addresses while it runs. */
export function endpointSettings({ networks }: Context, container: Container): Record<string, EndpointSettings> {
  const alive = isAlive(container.state)
  const all = networks.all()
  return Object.fromEntries(
    Object.entries(container.record.endpoints).map(([key, asked]) => {
      const network = all.find(({ id, name }) => name === key || id === key)
      const endpoint = alive
        ? container.sandbox?.endpoints.find(({ networkId }) => networkId === network?.id)
        : undefined
      return [network?.name ?? key, toEndpointSettings(endpointOwner(container), network, asked, endpoint)]
    }),
  )
}

/** `NetworkSettings` of inspect. */
export function networkSettings(context: Context, container: Container): NetworkSettings {
  const { sandbox, record, state } = container
  const shown = isAlive(state) ? sandbox : undefined
  const Networks = endpointSettings(context, container)
  return {
    Bridge: '',
    SandboxID: shown?.containerId ?? '',
    SandboxKey: shown?.netnsPath ?? '',
    Ports: isAlive(state) ? toPortMap(shown?.ports ?? [], record.config.ExposedPorts ?? {}) : {},
    ...legacyAddresses(Networks.bridge),
    Networks,
  }
}
