import type { Filters } from '../api.ts'
import type { Context } from '../context.ts'
import { invalid } from '../failures.ts'
import {
  booleanFilter,
  matchesExactly,
  matchesExpression,
  matchesLabels,
  matchesPrefix,
  validateFilters,
} from '../filters.ts'
import { parsePort } from '../network/ports.ts'
import type { Container } from './container.ts'
import { apiStatus, exitCodeOf } from './state.ts'

const accepted = [
  'ancestor',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'isolation',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
]
const statuses = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead']
const healths = ['none', 'starting', 'healthy', 'unhealthy']

function oneOf(filters: Filters, name: string, allowed: readonly string[]): void {
  for (const value of filters[name] ?? []) {
    if (!allowed.includes(value)) throw invalid(`invalid filter '${name}=${value}'`)
  }
}

/** Whether a container is one of those that `filters` ask for. @throws TscomposeError ENGINE_REQUEST_INVALID */
export async function containerFilter(context: Context, filters: Filters): Promise<(container: Container) => boolean> {
  validateFilters(filters, accepted)
  oneOf(filters, 'status', statuses)
  oneOf(filters, 'health', healths)
  const isTask = booleanFilter(filters, 'is-task')
  const exited = (filters.exited ?? []).map(code => {
    if (!/^-?\d+$/.test(code)) throw invalid(`invalid filter 'exited=${code}'`)
    return Number(code)
  })
  const images = await imagesIn(context, filters.ancestor)
  const created = (name: string) => filters[name]?.map(reference => createdAt(context.containers.find(reference)))
  const [before, since] = [created('before'), created('since')]
  const publish = filters.publish?.map(parsePortRange)
  const expose = filters.expose?.map(parsePortRange)
  return container => {
    const { state, record, removing } = container
    const status = apiStatus(state, removing)
    return (
      matchesPrefix(filters, 'id', container.id) &&
      matchesExpression(filters, 'name', [`/${container.name}`, container.name]) &&
      matchesLabels(filters, record.config.Labels ?? {}) &&
      matchesExactly(filters, 'status', status) &&
      matchesExactly(filters, 'health', container.health?.status ?? 'none') &&
      (exited.length === 0 || (status === 'exited' && exited.includes(exitCodeOf(state)))) &&
      (isTask === undefined || !isTask) &&
      // There is no other on Linux.
      matchesExactly(filters, 'isolation', 'default') &&
      (!images || images.has(record.image) || (filters.ancestor ?? []).includes(record.config.Image)) &&
      (!before || before.every(moment => createdAt(container) < moment)) &&
      (!since || since.every(moment => createdAt(container) > moment)) &&
      matchesVolume(filters, container) &&
      matchesNetwork(context, filters, container) &&
      matchesPorts(publish, publishedPorts(container)) &&
      matchesPorts(expose, Object.keys(record.config.ExposedPorts ?? {}))
    )
  }
}

/** Text that sorts as time does. */
const createdAt = ({ record }: Container): string => record.created

async function imagesIn({ images }: Context, ancestors: readonly string[] | undefined) {
  if (!ancestors) return undefined
  const found = await Promise.all(ancestors.map(reference => images.findAll(reference).catch(() => [])))
  return new Set<string>(found.flat().map(({ id }) => id))
}

/** A volume by its name, or whatever is mounted at a path. */
const matchesVolume = (filters: Filters, { record }: Container): boolean =>
  !filters.volume?.length ||
  filters.volume.some(wanted =>
    record.mounts.some(mount => mount.destination === wanted || (mount.type === 'volume' && mount.name === wanted)),
  )

function matchesNetwork({ networks }: Context, filters: Filters, { record }: Container): boolean {
  if (!filters.network?.length) return true
  const keys = Object.keys(record.endpoints)
  const known = networks.all().filter(({ id, name }) => keys.includes(name) || keys.includes(id))
  return filters.network.some(
    wanted => keys.includes(wanted) || known.some(({ id, name }) => name === wanted || id.startsWith(wanted)),
  )
}

interface PortRange {
  readonly from: number
  readonly to: number
  readonly protocol: string
}

/** `80`, `80/udp`, `8000-8080/tcp`. */
function parsePortRange(text: string): PortRange {
  const match = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text)
  if (!match) throw invalid(`invalid port specification: "${text}"`)
  const [, from = '', to = from, protocol = 'tcp'] = match
  return { from: Number(from), to: Number(to), protocol }
}

const matchesPorts = (ranges: readonly PortRange[] | undefined, ports: readonly string[]): boolean =>
  !ranges ||
  ports.some(text => {
    const { port, protocol } = parsePort(text)
    return ranges.some(range => range.protocol === protocol && port >= range.from && port <= range.to)
  })

const publishedPorts = ({ sandbox }: Container): string[] =>
  (sandbox?.ports ?? []).map(({ hostPort, protocol }) => `${hostPort}/${protocol}`)
