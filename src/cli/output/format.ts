import { renderTable } from './table.ts'
import { type Fields, parseTemplate, templateHeader } from './template.ts'

/** `table TEMPLATE`, with a header, or a template by itself, a line for each object. */
export function renderFormat(
  format: string,
  objects: readonly Fields[],
  headers: Readonly<Record<string, string>> = {},
): string {
  const table = /^table\s+(.*)$/s.exec(format)?.[1]
  const render = parseTemplate(table ?? format)
  const lines = objects.map(render)
  if (table === undefined) return lines.map(line => `${line}\n`).join('')
  return renderTable([templateHeader(table, headers), ...lines].map(line => line.split('\t')))
}
