/**
 * Columns as Docker's commands print them: at least ten wide, three blanks between them.
 * @param rows all of the same length, the first being the header
 */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(10, ...rows.map(row => displayWidth(row[column] ?? '') + 3)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i < row.length - 1 ? cell + ' '.repeat((widths[i] ?? 0) - displayWidth(cell)) : cell))
      .join('')
  return rows.map(row => `${line(row).trimEnd()}\n`).join('')
}

/** In characters, not in UTF-16 units. */
const displayWidth = (text: string): number => [...text].length
