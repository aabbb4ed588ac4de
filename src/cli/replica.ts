import { Option } from 'commander'
import type { ObservedContainer } from '../compose/plan/observed.ts'
import { TscomposeError } from '../errors.ts'
import { integer } from './numbers.ts'

/** What has a process: what docker lists without `--all`. */
const alive = new Set(['running', 'paused', 'restarting'])

/** `--index`, of commands that are about one container of a service. */
export const replicaOption = (): Option =>
  new Option('--index <n>', 'The replica of the service, from 1').argParser(integer('--index'))

/**
 * The container of a service that a command is about: a replica rather than a one-off container, the first of them
 * unless `index` says which.
 * @throws TscomposeError COMPOSE_NO_CONTAINER in docker compose's words
 */
export function replicaOf(
  containers: readonly ObservedContainer[],
  service: string,
  { index = 0, running = false }: { readonly index?: number | undefined; readonly running?: boolean },
): ObservedContainer {
  const candidates = containers
    .filter(container => container.service === service && (!running || alive.has(container.state)))
    .sort((a, b) => Number(a.oneOff) - Number(b.oneOff) || a.number - b.number)
  const found = index ? candidates.find(({ number, oneOff }) => !oneOff && number === index) : candidates[0]
  if (found) return found
  throw new TscomposeError(
    'COMPOSE_NO_CONTAINER',
    index ? `service "${service}" is not running container #${index}` : `service "${service}" is not running`,
  )
}
