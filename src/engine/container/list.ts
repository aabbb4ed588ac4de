import type { ContainerListOptions, ContainerSummary } from '../api.ts'
import type { Context } from '../context.ts'
import { manifestField } from '../image/of-container.ts'
import { toPortSummaries } from '../network/ports.ts'
import { unixSeconds } from '../time.ts'
import { commandLine } from '../translate/merge-config.ts'
import type { Container } from './container.ts'
import { layerSizes, mountPoints } from './inspect.ts'
import { containerFilter } from './list-filter.ts'
import { endpointSettings } from './network-settings.ts'
import { apiStatus, isAlive, isRunning, statusText } from './state.ts'

/** `GET /containers/json`: the newest first; only what runs, unless filters or options say otherwise. */
export async function listContainers(
  context: Context,
  { all = false, limit = 0, size = false, filters = {} }: ContainerListOptions = {},
): Promise<ContainerSummary[]> {
  const wanted = await containerFilter(context, filters)
  const everything = all || limit > 0 || filters.status !== undefined || filters.exited !== undefined
  const found = context.containers
    .all()
    .filter(container => (everything || isRunning(container.state)) && wanted(container))
    .sort((a, b) => (a.record.created < b.record.created ? 1 : -1))
  const shown = limit > 0 ? found.slice(0, limit) : found
  // Many containers have the same image, whose manifest has to be read.
  const manifests = new Map<string, ReturnType<typeof manifestField>>()
  const manifestOf = ({ record }: Container) => {
    const field = manifests.get(record.image) ?? manifestField(context, record)
    manifests.set(record.image, field)
    return field
  }
  return await Promise.all(shown.map(container => summarize(context, container, size, manifestOf)))
}

async function summarize(
  context: Context,
  container: Container,
  size: boolean,
  manifestOf: (container: Container) => ReturnType<typeof manifestField>,
): Promise<ContainerSummary> {
  const { id, name, record, state, removing, health, sandbox } = container
  const { config, hostConfig } = record
  const published = isAlive(state) ? (sandbox?.ports ?? []) : []
  return {
    Id: id,
    Names: [`/${name}`],
    Image: config.Image,
    ImageID: record.image,
    ...(await manifestOf(container)),
    Command: commandLine(config).map(quote).join(' '),
    Created: unixSeconds(new Date(record.created)),
    Ports: isAlive(state) ? toPortSummaries(published, config.ExposedPorts ?? {}) : [],
    ...(size && (await layerSizes(context, container))),
    Labels: config.Labels ?? {},
    State: apiStatus(state, removing),
    Status: statusText(state, removing, health, Date.now()),
    HostConfig: {
      NetworkMode: hostConfig.NetworkMode ?? 'default',
      ...(hostConfig.Annotations && { Annotations: hostConfig.Annotations }),
    },
    NetworkSettings: { Networks: endpointSettings(context, container) },
    Mounts: mountPoints(context, container),
  }
}

/** An argument with a space in it is shown in quotes, as dockerd does it. */
const quote = (argument: string): string => (argument.includes(' ') ? `'${argument}'` : argument)
