/**
 * Compiles schemas/compose-spec.json to src/compose/load/schema/validate.generated.js, so that neither ajv nor the
 * schema is loaded when the program starts. Run it after a change of the schema; a test fails if it was forgotten.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
export const generatedFile = join(root, 'src/compose/load/schema/validate.generated.js')

/** @returns the text of the generated module */
export async function generate(): Promise<string> {
  const schema = JSON.parse(await readFile(join(root, 'schemas/compose-spec.json'), 'utf8'))
  // Nothing in it is of a later draft than the one ajv has the least code for.
  delete schema.$schema
  simplify(schema)
  hoist(schema, schema.$defs)
  const ajv = new Ajv({
    allErrors: true,
    strict: false,
    messages: false,
    inlineRefs: false,
    code: { source: true, esm: true, optimize: 2 },
  })
  const code = withoutSchemas(standalone.default(ajv, ajv.compile(schema)))
  // What is left of requires goes into the same file.
  const directory = await mkdtemp(join(tmpdir(), 'tscompose-schema-'))
  try {
    const entry = join(directory, 'validate.mjs')
    await writeFile(entry, code)
    const result = await build({
      entryPoints: [entry],
      bundle: true,
      format: 'esm',
      minify: true,
      write: false,
      nodePaths: [join(root, 'node_modules')],
      legalComments: 'none',
    })
    const text = result.outputFiles[0]?.text ?? ''
    const ignored = ['lint', 'format', 'assist'].map(what => `// biome-ignore-all ${what}: generated\n`).join('')
    return `// Made by scripts/build-schemas.ts from schemas/compose-spec.json. Do not edit.\n${ignored}${text}`
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** The code holds whole schemas to look up which names an object may have. Of those only names, types and choices are used. */
const withoutSchemas = (code: string): string =>
  code
    .split(/(?=const schema\d+ = \{)/)
    .map(part => {
      const [, start = '', rest = ''] = /^(const schema\d+ = )(.*)$/s.exec(part) ?? []
      if (start === '') return part
      const end = endOfObject(rest)
      return `${start}${JSON.stringify(namesOf(JSON.parse(rest.slice(0, end))))}${rest.slice(end)}`
    })
    .join('')

/** The offset behind the JSON object a text begins with. */
function endOfObject(text: string): number {
  let depth = 0
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/g)) {
    depth += token === '{' ? 1 : token === '}' ? -1 : 0
    if (depth === 0) return index + 1
  }
  return text.length
}

function namesOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(namesOf)
  if (!isSchema(schema)) return 0
  const { type, enum: choices } = schema
  const used: Schema = { ...(Array.isArray(type) && { type }), ...(choices !== undefined && { enum: choices }) }
  for (const key of ['properties', 'patternProperties', 'items', 'oneOf']) {
    const inner = schema[key]
    if (!isSchema(inner)) continue
    const named = key === 'items' || key === 'oneOf'
    used[key] = named ? namesOf(inner) : Object.fromEntries(Object.entries(inner).map(([k, v]) => [k, namesOf(v)]))
  }
  return Object.keys(used).length > 0 ? used : 0
}

type Schema = Record<string, unknown>
const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null

/**
 * Takes out what the validator has no use for: words for people, and `uniqueItems` of items that are not plain texts,
 * which ajv compares each with each. Such lists (ports, volumes) are free of duplicates before they are validated.
 */
function simplify(schema: unknown): void {
  if (!isSchema(schema)) return
  const { uniqueItems, items } = schema as { uniqueItems?: boolean; items?: { type?: unknown } }
  if (uniqueItems && items?.type === undefined) delete schema.uniqueItems
  // An attribute may be called "description", too: then it is a schema, not a text.
  if (typeof schema.description === 'string') delete schema.description
  for (const value of Object.values(schema)) simplify(value)
}

/**
 * Gives every attribute that is more than a type a definition of its own. Each becomes a function, and JavaScript
 * compiles functions when they are first called: a file pays only for the attributes it has.
 */
function hoist(schema: unknown, definitions: Record<string, unknown>): void {
  if (!isSchema(schema)) return
  for (const [name, value] of Object.entries(schema)) {
    hoist(value, definitions)
    if (name !== 'properties' || !isSchema(value)) continue
    for (const [key, attribute] of Object.entries(value)) {
      if (!isSchema(attribute) || !('properties' in attribute || 'oneOf' in attribute || 'items' in attribute)) continue
      const definition = `${key}_${Object.keys(definitions).length}`
      definitions[definition] = attribute
      value[key] = { $ref: `#/$defs/${definition}` }
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await generate()
  if (text !== (await readFile(generatedFile, 'utf8').catch(() => ''))) await writeFile(generatedFile, text)
}
