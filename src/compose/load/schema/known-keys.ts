/** What the schema knows at a path, for suggestions and completion. Only loaded when something is wrong. */
interface Schema {
  readonly $ref?: string
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly $defs?: Readonly<Record<string, Schema>>
}

let root: Promise<Schema> | undefined
const load = (): Promise<Schema> => {
  root ??= import('../../../../schemas/compose-spec.json', { with: { type: 'json' } }).then(
    module => module.default as Schema,
  )
  return root
}

/** @returns the keys the map at `path` may have */
export async function knownKeys(path: readonly string[]): Promise<string[]> {
  const schema = await load()
  let here: Schema[] = alternatives(schema, schema)
  for (const step of path)
    here = here.flatMap(candidate => into(candidate, step)).flatMap(next => alternatives(next, schema))
  return [...new Set(here.flatMap(candidate => Object.keys(candidate.properties ?? {})))]
}

function alternatives(schema: Schema, root: Schema): Schema[] {
  if (schema.$ref !== undefined) {
    const target = root.$defs?.[schema.$ref.replace('#/$defs/', '')]
    return target ? alternatives(target, root) : []
  }
  return schema.oneOf ? schema.oneOf.flatMap(part => alternatives(part, root)) : [schema]
}

function into(schema: Schema, step: string): Schema[] {
  const own = schema.properties?.[step]
  if (own) return [own]
  if (schema.items && /^\d+$/.test(step)) return [schema.items]
  return Object.entries(schema.patternProperties ?? {})
    .filter(([pattern]) => new RegExp(pattern).test(step))
    .map(([, value]) => value)
}
