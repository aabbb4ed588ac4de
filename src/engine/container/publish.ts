import type { PublishRequest } from '../api.ts'
import type { Context } from '../context.ts'
import { followSandbox } from '../network/connections.ts'
import { toPortSpecs } from '../network/ports.ts'
import type { Container } from './container.ts'

/**
 * Publishes other ports of a container: at once if it has a network of its own and runs, otherwise from its next start
 * on. Called within its `serial`.
 * @throws TscomposeError ENGINE_REQUEST_INVALID, NETWORK_PORT_TAKEN; nothing has changed then
 */
export async function publishPorts(
  context: Context,
  container: Container,
  { PortBindings, ExposedPorts, Labels }: PublishRequest,
): Promise<void> {
  const { config, hostConfig, image } = container.record
  const ofImage = (await context.images.find(image))?.config.ExposedPorts ?? {}
  const exposed = { ...ofImage, ...ExposedPorts }
  const specs = toPortSpecs(PortBindings, exposed, hostConfig.PublishAllPorts === true)
  const before = container.sandbox?.requestedPorts
  const publish = async (ports: typeof specs) => {
    await context.networkLayer.publish(container.id, ports)
    followSandbox(context, container)
  }
  if (before) await publish(specs)
  try {
    await container.change({
      config: { ...config, ExposedPorts: exposed, Labels: { ...config.Labels, ...Labels } },
      hostConfig: { ...hostConfig, PortBindings },
    })
  } catch (error) {
    if (before) await publish(before)
    throw error
  }
}
