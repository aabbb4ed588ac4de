import { TscomposeError } from '../../errors.ts'

/** The fields of an object as `--format` knows them. */
export type Fields = Readonly<Record<string, unknown>>

const functions: Readonly<Record<string, (...values: unknown[]) => unknown>> = {
  json: value => JSON.stringify(value),
  lower: value => String(value).toLowerCase(),
  upper: value => String(value).toUpperCase(),
  title: value => String(value).replace(/\b[a-z]/g, letter => letter.toUpperCase()),
  join: (list, separator) => (Array.isArray(list) ? list : [list]).join(String(separator)),
  split: (text, separator) => String(text).split(String(separator)),
  len: value => (Array.isArray(value) ? value.length : String(value).length),
  truncate: (text, length) => String(text).slice(0, Number(length)),
  println: value => `${value}\n`,
}

/**
 * The part of Go's text/template that formats are made of: text, `{{.Field}}`, `{{json .}}`, `{{.Label "key"}}`, calls
 * of functions and pipes.
 * @throws TscomposeError CLI_FLAG for what it does not know
 */
export function parseTemplate(template: string): (fields: Fields) => string {
  const text = template.replaceAll('\\t', '\t').replaceAll('\\n', '\n')
  const parts = text.split(/(\{\{.*?\}\})/s).map(part => {
    const expression = /^\{\{-?\s*(.*?)\s*-?\}\}$/s.exec(part)?.[1]
    return expression === undefined ? () => part : pipeline(expression)
  })
  return fields => parts.map(part => String(part(fields) ?? '')).join('')
}

function pipeline(expression: string): (fields: Fields) => unknown {
  const stages = expression.split('|').map(stage => stage.match(/"[^"]*"|\S+/g) ?? [])
  return fields => stages.reduce<unknown[]>((piped, words) => [call(words, piped, fields, expression)], [])[0]
}

function call(words: readonly string[], piped: readonly unknown[], fields: Fields, expression: string): unknown {
  const [head = '', ...rest] = words
  const values = [...rest.map(word => value(word, fields)), ...piped]
  if (head === '.Label') return (fields.LabelMap as Record<string, string> | undefined)?.[String(values[0])] ?? ''
  if (head.startsWith('.') || head.startsWith('"')) return value(head, fields)
  const known = functions[head]
  if (!known)
    throw new TscomposeError('CLI_FLAG', `template parsing error: function "${head}" not defined in {{${expression}}}`)
  return known(...values)
}

function value(word: string, fields: Fields): unknown {
  if (word === '.') return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'LabelMap'))
  if (word.startsWith('"')) return word.slice(1, -1)
  if (!word.startsWith('.')) return Number.isNaN(Number(word)) ? word : Number(word)
  return word
    .slice(1)
    .split('.')
    .reduce<unknown>((inner, name) => {
      if (typeof inner !== 'object' || inner === null || !(name in inner))
        throw new TscomposeError('CLI_FLAG', `template: can't evaluate field ${name}`)
      return (inner as Fields)[name]
    }, fields)
}

/** The header of `table {{.Name}}\t{{.Service}}`: the names of the fields in capitals. */
export const templateHeader = (template: string, headers: Readonly<Record<string, string>>): string =>
  template
    .replaceAll('\\t', '\t')
    .replace(/\{\{.*?\.(\w+).*?\}\}/gs, (_, name: string) => headers[name] ?? name.toUpperCase())
