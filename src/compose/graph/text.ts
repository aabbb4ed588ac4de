import { conditionWord, type Graph } from './graph.ts'

/**
 * A tree for each service that nobody depends on. A service whose own dependencies have been drawn already is marked
 * with `...` instead of having them drawn again.
 */
export function graphText({ nodes, edges }: Graph): string {
  const lines: string[] = []
  const drawn = new Set<string>()
  const edgesOf = Map.groupBy(edges, ({ from }) => from)
  const draw = (name: string, label: string, first: string, rest: string): void => {
    const below = edgesOf.get(name) ?? []
    const again = drawn.has(name) && below.length > 0
    lines.push(`${first}${name}${label}${again ? ' ...' : ''}\n`)
    if (again) return
    drawn.add(name)
    below.forEach((edge, i) => {
      const last = i === below.length - 1
      const word = conditionWord(edge)
      draw(edge.to, word ? ` (${word})` : '', `${rest}${last ? '└── ' : '├── '}`, `${rest}${last ? '    ' : '│   '}`)
    })
  }
  const needed = new Set(edges.map(({ to }) => to))
  for (const name of [...nodes].sort()) if (!needed.has(name)) draw(name, '', '', '')
  return lines.join('')
}
