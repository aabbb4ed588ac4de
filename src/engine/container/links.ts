import { messageOf } from '../../errors.ts'
import type { HostConfig } from '../api.ts'
import type { Context } from '../context.ts'
import { invalid } from '../failures.ts'
import { shortId } from '../ids.ts'
import type { HostEntry } from '../translate/extra-hosts.ts'
import { linkEnvironment } from '../translate/link-environment.ts'
import type { Container } from './container.ts'

/** Links (`docker run --link`, `container:alias`): names that a container alone has for others. */

/** @throws TscomposeError ENGINE_REQUEST_INVALID for one to a container that there is not */
export function checkLinks({ containers }: Context, { Links = [] }: HostConfig): void {
  for (const link of Links) {
    const name = link.split(':', 1)[0] ?? ''
    try {
      containers.find(name)
    } catch (error) {
      throw invalid(`could not get container for ${name}: ${messageOf(error)}`)
    }
  }
}

/**
 * The names of the others by their aliases: what a link says may be an id, and addresses change.
 * @throws TscomposeError ENGINE_CONTAINER_NOT_FOUND
 */
export const linksOf = (
  { containers }: Pick<Context, 'containers'>,
  links: readonly string[] | null | undefined,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (links ?? []).map(link => {
      const [target = '', alias = target] = link.split(':')
      return [alias, containers.find(target).name]
    }),
  )

/** A container that another one is linked to on the default bridge, which has neither names nor aliases. */
interface Neighbour {
  readonly alias: string
  readonly linked: Container
  readonly address: string
}

function neighboursOf({ containers, networks }: Context, { record }: Container): Neighbour[] {
  if (!record.hostConfig.Links?.length || !('bridge' in record.endpoints)) return []
  const bridge = networks.find('bridge')
  return record.hostConfig.Links.flatMap(link => {
    const [target = '', alias = target] = link.split(':')
    // One that has been removed is nobody's neighbour any more.
    const linked = containers.seek(target)
    const address = linked?.sandbox?.endpoints.find(({ networkId }) => networkId === bridge.id)?.ipv4Address
    return linked && address ? [{ alias, linked, address }] : []
  })
}

/** There a link is a line of hosts(5), */
export const linkedHosts = (context: Context, container: Container): HostEntry[] =>
  neighboursOf(context, container).map(({ alias, linked, address }) => ({
    address,
    names: [...new Set([alias, linked.name, shortId(linked.id)])],
  }))

/** and variables. */
export const linkedVariables = (context: Context, container: Container): string[] =>
  neighboursOf(context, container).flatMap(({ alias, linked, address }) => {
    const { Env: env = [], ExposedPorts = {} } = linked.record.config
    return linkEnvironment({ link: `/${container.name}/${alias}`, address, env, exposed: Object.keys(ExposedPorts) })
  })

/** As inspect shows them: `/db:/web/store`, without those whose other end has been removed. */
export function linksField({ containers }: Context, { name, record }: Container): Pick<HostConfig, 'Links'> {
  const { Links } = record.hostConfig
  if (!Links?.length) return {}
  return {
    Links: Links.flatMap(link => {
      const [target = '', alias = target] = link.split(':')
      const linked = containers.seek(target)
      return linked ? [`/${linked.name}:/${name}/${alias}`] : []
    }),
  }
}
