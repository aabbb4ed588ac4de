import { conditionWord, type Graph } from './graph.ts'

/** A flowchart as Markdown files of many sites show it (mermaid.js, "Flowcharts"); an arrow leads to what is waited for. */
export function graphMermaid({ nodes, edges }: Graph): string {
  // Names of services may be words of the language (`end`), so nodes have ids of their own.
  const id = new Map(nodes.map((name, i) => [name, `s${i}`]))
  const lines = [
    'flowchart LR',
    ...nodes.map(name => `  ${id.get(name)}["${name}"]`),
    ...edges.map(edge => {
      const word = conditionWord(edge)
      const arrow = edge.required ? '-->' : '-.->'
      return `  ${id.get(edge.from)} ${arrow}${word ? `|"${word}"|` : ''} ${id.get(edge.to)}`
    }),
  ]
  return lines.map(line => `${line}\n`).join('')
}
