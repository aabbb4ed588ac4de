import { conditionWord, type Edge, type Graph } from './graph.ts'

/** A place in a column: of a service, or of an arrow that passes it on the way to a later one. */
interface Slot {
  readonly label: string
  readonly x: number
  readonly y: number
  readonly width: number
}

const height = 36
const gap = { x: 130, y: 22 }
const margin = 20
/** A rough width of a letter of the font, in pixels. */
const letter = 8

/** A drawing from left to right in the order of the start: each service in a column behind all that it waits for. */
export function graphSvg(graph: Graph): string {
  const columns = placeInColumns(graph)
  const slots = layOut(columns)
  const all = [...slots.values()]
  const width = Math.max(0, ...all.map(slot => slot.x + slot.width)) + margin
  const tall = Math.max(0, ...all.map(slot => slot.y + height)) + margin
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${tall}" width="${width}" height="${tall}" font-family="sans-serif" font-size="14">`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#57606a"/></marker></defs>',
    ...graph.edges.map(edge =>
      drawEdge(
        edge,
        passing(edge, columns).flatMap(key => slots.get(key) ?? []),
      ),
    ),
    ...graph.nodes.flatMap(name => slots.get(name) ?? []).map(drawBox),
    '</svg>',
  ]
  return lines.map(line => `${line}\n`).join('')
}

const keyOf = ({ from, to }: Edge): string => `${to} -> ${from}`

/** The columns from left to right with the keys of their slots: the name of a service, or that of an arrow. */
function placeInColumns({ nodes, edges }: Graph): readonly (readonly string[])[] {
  const columnOf = new Map<string, number>()
  const columns: string[][] = []
  const place = (key: string, column: number) => {
    columns[column] ??= []
    columns[column].push(key)
  }
  const before = Map.groupBy(edges, ({ from }) => from)
  for (const name of nodes) {
    const arrows = before.get(name) ?? []
    const column = Math.max(-1, ...arrows.map(({ to }) => columnOf.get(to) ?? 0)) + 1
    columnOf.set(name, column)
    place(name, column)
    for (const edge of arrows)
      for (let passed = (columnOf.get(edge.to) ?? 0) + 1; passed < column; passed++) place(keyOf(edge), passed)
  }
  return columns
}

function layOut(columns: readonly (readonly string[])[]): Map<string, Slot> {
  const slots = new Map<string, Slot>()
  let x = margin
  for (const [column, keys] of columns.entries()) {
    const width = Math.max(...keys.map(key => (isArrow(key) ? 0 : key.length))) * letter + 28
    for (const [row, key] of keys.entries()) {
      const y = margin + row * (height + gap.y)
      slots.set(isArrow(key) ? `${key} ${column}` : key, { label: key, x, y, width })
    }
    x += width + gap.x
  }
  return slots
}

const isArrow = (key: string): boolean => key.includes(' -> ')

/** The slots an arrow goes through, its ends included. */
function passing(edge: Edge, columns: readonly (readonly string[])[]): string[] {
  const key = keyOf(edge)
  const between = columns.flatMap((keys, column) => (keys.includes(key) ? [`${key} ${column}`] : []))
  return [edge.to, ...between, edge.from]
}

function drawBox({ label, x, y, width }: Slot): string {
  const rect = `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="#ddf4ff" stroke="#0969da"/>`
  return `${rect}<text x="${x + width / 2}" y="${y + height / 2 + 5}" text-anchor="middle">${xmlText(label)}</text>`
}

/** From the service that has to be there first to the one that waits for it; the last part has the condition's name. */
function drawEdge(edge: Edge, through: readonly Slot[]): string {
  const middleOf = ({ y }: Slot) => y + height / 2
  const parts = through.slice(1).map((to, i) => {
    const from = through[i] as Slot
    const [x1, y1, x2, y2] = [from.x + from.width, middleOf(from), to.x, middleOf(to)]
    const half = (x1 + x2) / 2
    const curve = `C${half},${y1} ${half},${y2} ${x2},${y2}`
    const on = i === through.length - 2 ? '' : ` H${to.x + to.width}`
    return { path: `${i === 0 ? `M${x1},${y1} ` : ''}${curve}${on}`, x: half, y: (y1 + y2) / 2 - 6 }
  })
  const dashes = edge.required ? '' : ' stroke-dasharray="5 4"'
  const path = `<path d="${parts.map(part => part.path).join(' ')}" fill="none" stroke="#57606a"${dashes} marker-end="url(#tip)"/>`
  const word = conditionWord(edge)
  const at = parts.at(-1)
  if (!word || !at) return path
  return `${path}<text x="${at.x}" y="${at.y}" text-anchor="middle" font-size="11" fill="#57606a">${xmlText(word)}</text>`
}

const xmlText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
