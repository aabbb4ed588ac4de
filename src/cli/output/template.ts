import { evaluate, evaluateHeader } from '../template/evaluate.ts'
import { parse } from '../template/parse.ts'
import type { Fields } from '../template/values.ts'

export type { Fields }

const unescaped = (template: string): string => template.replaceAll('\\t', '\t').replaceAll('\\n', '\n')

/**
 * A template of `--format`, in the language of Go's text/template: fields, pipes, docker's and Go's functions, `if`,
 * `range` and `with`, variables; `{{.Label "key"}}` of what has labels.
 * @throws TscomposeError CLI_FLAG for what it does not know
 */
export function parseTemplate(template: string): (fields: Fields) => string {
  const nodes = parse(unescaped(template))
  return fields => evaluate(nodes, fields)
}

/** The header of `table {{.Name}}\t{{.Service}}`: the names of the fields in capitals. */
export const templateHeader = (template: string, headers: Readonly<Record<string, string>>): string =>
  evaluateHeader(parse(unescaped(template)), name => headers[name] ?? name.toUpperCase())
