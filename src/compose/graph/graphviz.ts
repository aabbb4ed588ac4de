import type { Service } from '../project.ts'
import { graphOf } from './graph.ts'

export interface GraphvizOptions {
  readonly image: boolean
  readonly networks: boolean
  readonly ports: boolean
  /** What a level of the text is indented by. */
  readonly indentation: string
}

/** A graph in the language of Graphviz (graphviz.org, "DOT Language"); an arrow leads to what is waited for. */
export function graphviz(name: string, services: readonly Service[], options: GraphvizOptions): string {
  const { nodes, edges } = graphOf(services)
  const pad = options.indentation
  const byName = new Map(services.map(service => [service.name, service]))
  const lines = [
    `digraph ${quoted(name)} {`,
    `${pad}layout=dot;`,
    ...nodes.map(node => `${pad}${quoted(node)} [style="filled" label=<${label(byName.get(node), node, options)}>];`),
    ...edges.map(
      ({ from, to, required }) => `${pad}${quoted(from)} -> ${quoted(to)}${required ? '' : ' [style="dashed"]'};`,
    ),
    '}',
  ]
  return lines.map(line => `${line}\n`).join('')
}

function label(service: Service | undefined, name: string, { image, networks, ports }: GraphvizOptions): string {
  const parts = [`<font point-size="15">${escaped(name)}</font>`]
  const section = (title: string, items: readonly string[]) =>
    items.length > 0 && parts.push(`<b>${title}:</b>`, ...items.map(escaped))
  if (image && service?.image) section('image', [service.image])
  if (networks) section('networks', Object.keys(service?.networks ?? {}))
  if (ports) section('ports', service?.ports.map(({ published = '', target }) => `${published}:${target}`) ?? [])
  return parts.join('<br/>')
}

const quoted = (text: string): string => JSON.stringify(text)
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
