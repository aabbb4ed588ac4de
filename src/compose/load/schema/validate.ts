import { TscomposeError } from '../../../errors.ts'
import { didYouMean } from '../../../suggest.ts'
import { toPlain } from '../plain.ts'
import type { MapNode, Node } from '../yaml/node.ts'
import { whereOf, whereOfKey } from '../yaml/node.ts'
import { topLevelHint, typeHint } from './type-hint.ts'
import type { SchemaError } from './validate.generated.d.ts'
import validate from './validate.generated.js'

/**
 * Checks a merged model against schemas/compose-spec.json.
 * @param file the file that was merged last, which the message names
 * @throws TscomposeError in the words of docker compose, about the error that lies deepest
 */
export async function validateModel(model: MapNode, file: string): Promise<void> {
  if (validate(toJsonValue(model, file))) return
  const errors = (validate.errors ?? []).filter(({ keyword, params }) => keyword !== 'oneOf' || params.passingSchemas)
  let worst: SchemaError | undefined
  for (const error of errors) if (!worst || depth(error) > depth(worst)) worst = error
  if (worst) throw await explain(worst, errors, model, file)
}

/** @throws TscomposeError for the numbers JSON has not */
function toJsonValue(model: MapNode, file: string): unknown {
  return toPlain(model, node => {
    const shown = Number.isNaN(node.value) ? 'NaN' : Number(node.value) > 0 ? '+Inf' : '-Inf'
    throw new TscomposeError('COMPOSE_TYPE_WRONG', `validating ${file}: json: unsupported value: ${shown}`, {
      where: whereOf(node),
      fix: 'Put it in quotes to make it a text.',
    })
  })
}

const steps = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))

const depth = ({ instancePath, keyword }: SchemaError): number =>
  steps(instancePath).length + (keyword === 'additionalProperties' ? 1 : 0)

function nodeAt(model: Node, path: readonly string[]): Node {
  let node = model
  for (const step of path) {
    const next =
      node.kind === 'map' ? node.entries.get(step) : node.kind === 'seq' ? node.items[Number(step)] : undefined
    if (!next) break
    node = next
  }
  return node
}

async function explain(error: SchemaError, all: readonly SchemaError[], model: Node, file: string) {
  const path = steps(error.instancePath)
  const node = nodeAt(model, path)
  const message = (text: string) => `validating ${file}: ${path.join('.')} ${text}`
  const alike = all.filter(other => other.keyword === error.keyword && other.instancePath === error.instancePath)
  if (error.keyword === 'additionalProperties') {
    const names = [...new Set(alike.map(other => String(other.params.additionalProperty)))]
    const [first = ''] = names
    const child = node.kind === 'map' ? node.entries.get(first) : undefined
    const { knownKeys } = await import('./known-keys.ts')
    return new TscomposeError(
      'COMPOSE_KEY_UNKNOWN',
      message(`additional properties ${names.map(name => `'${name}'`).join(', ')} not allowed`),
      {
        where: whereOfKey(child ?? node),
        ...didYouMean(first, await knownKeys(path)),
        ...(path.length === 0 && child && topLevelHint(child)),
      },
    )
  }
  if (error.keyword === 'required') {
    const names = [...new Set(alike.map(other => `'${other.params.missingProperty}'`))]
    return new TscomposeError(
      'COMPOSE_VALUE_INVALID',
      message(names.length > 1 ? `missing properties ${names.join(', ')}` : `missing property ${names[0]}`),
      { where: whereOfKey(node) },
    )
  }
  return new TscomposeError(
    error.keyword === 'type' ? 'COMPOSE_TYPE_WRONG' : 'COMPOSE_VALUE_INVALID',
    message(await describe(error, node, path)),
    { where: whereOf(node), ...(error.keyword === 'type' && typeHint(node, path, error.params.type)) },
  )
}

/** The first two items of a list that are the same. */
function equalItems(node: Node): string {
  const seen = new Map<string, number>()
  for (const [index, item] of (node.kind === 'seq' ? node.items : []).entries()) {
    const key = JSON.stringify(toPlain(item))
    const before = seen.get(key)
    if (before !== undefined) return `${before} and ${index}`
    seen.set(key, index)
  }
  return ''
}

const typeName = (type: unknown): string => (type === 'object' ? 'mapping' : String(type))

function typeNames(types: unknown): string {
  if (!Array.isArray(types)) return typeName(types)
  const names = types.map(typeName).sort()
  return names.length === 1 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

async function describe({ keyword, params }: SchemaError, node: Node, path: readonly string[]): Promise<string> {
  switch (keyword) {
    case 'type':
      return `must be a ${typeNames(params.type)}`
    case 'minimum':
      return `must be greater than or equal to ${params.limit}`
    case 'maximum':
      return `must be less than or equal to ${params.limit}`
    case 'uniqueItems':
      return `items at ${equalItems(node)} are equal`
    case 'pattern':
      return `'${node.kind === 'scalar' ? node.value : ''}' does not match pattern '${params.pattern}'`
    case 'enum': {
      const values = params.allowedValues as readonly unknown[]
      const list = values.map(value => `'${value}'`).join(', ')
      return values.length === 1 ? `value must be ${list}` : `value must be one of ${list}`
    }
    case 'oneOf':
      return `oneOf failed, subschemas ${(params.passingSchemas as number[]).join(', ')} matched`
    default:
      return `does not meet "${keyword}" of ${path.at(-1)}`
  }
}
