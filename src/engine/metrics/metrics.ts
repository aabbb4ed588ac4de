import { totalmem } from 'node:os'
import type { Container } from '../container/container.ts'
import type { Context } from '../context.ts'
import { containerMetrics } from './container-metrics.ts'
import { formatLabels, formatMetric, labelName } from './exposition.ts'

/**
 * `GET /metrics`: all containers for Prometheus, with the names and labels of cAdvisor, so that its dashboards show
 * them. A container that does not run has what is known of it all the same.
 */
export async function metrics({ containers, sampler, machine }: Context): Promise<string> {
  const all = containers.all()
  const readings = await sampler.read(all)
  const observed = all.map(container => ({
    container,
    reading: readings.get(container),
    common: formatLabels(labelsOf(container)),
  }))
  const ofContainers = containerMetrics.map(({ samples, ...metric }) =>
    formatMetric(
      metric,
      observed.map(({ common, ...one }) => ({ common, samples: samples(one) })),
    ),
  )
  const ofMachine = [
    ['machine_cpu_cores', 'Processors of the machine.', machine.processors],
    ['machine_memory_bytes', 'Memory of the machine.', totalmem()],
  ].map(([name, help, value]) =>
    formatMetric({ name: String(name), type: 'gauge', help: String(help) }, [
      { common: '', samples: [{ value: Number(value) }] },
    ]),
  )
  return [...ofContainers, ...ofMachine].join('')
}

/** What Compose notes for itself says nothing about a container. */
const uninteresting = /^com\.docker\.compose\.(?!(project|service|container-number|oneoff)$)|^desktop\.docker\.io\//

/** `id` is what dashboards written for Docker look for. */
const labelsOf = ({ id, name, record: { config } }: Container): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(config.Labels ?? {})
      .filter(([label]) => !uninteresting.test(label))
      .map(([label, value]) => [labelName(label), value]),
  ),
  id: `/docker/${id}`,
  image: config.Image,
  name,
})
