import { printable } from '../../printable.ts'

/**
 * Columns as Docker's commands print them, three blanks between them.
 * @param cells rows, all of the same length, the first being the header
 * @param narrowest width of a column with its blanks; docker compose's own tables have another than those of the client
 */
export function renderTable(cells: readonly (readonly string[])[], narrowest = 10): string {
  const rows = cells.map(row => row.map(printable))
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(narrowest, ...rows.map(row => displayWidth(row[column] ?? '') + 3)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i < row.length - 1 ? cell + ' '.repeat((widths[i] ?? 0) - displayWidth(cell)) : cell))
      .join('')
  return rows.map(row => `${line(row).trimEnd()}\n`).join('')
}

/** In characters, not in UTF-16 units. */
const displayWidth = (text: string): number => [...text].length

/** What `docker compose` takes for {@link renderTable}'s `narrowest` in `ls`, `images` and `config --variables`. */
export const composeColumn = 20
