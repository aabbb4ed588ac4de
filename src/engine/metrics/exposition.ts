/** Prometheus' text format, version 0.0.4: what a metric is, and a line for each of its samples. */

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly labels?: Labels
  readonly value: number
}

export interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
}

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * @param groups samples that have labels in common, which are written once for all of them
 * @returns nothing for a metric without samples
 */
export function formatMetric(
  { name, type, help }: Metric,
  groups: readonly { readonly common: string; readonly samples: readonly Sample[] }[],
): string {
  const lines = groups.flatMap(({ common, samples }) =>
    samples.map(({ labels, value }) => {
      const all = [common, labels && formatLabels(labels)].filter(Boolean).join(',')
      return `${name}${all && `{${all}}`} ${value}\n`
    }),
  )
  return lines.length > 0 ? `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}` : ''
}

/** `name="value",name="value"` */
export const formatLabels = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** A label of a container as one of Prometheus, as cAdvisor names it. */
export const labelName = (label: string): string => `container_label_${label.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`
