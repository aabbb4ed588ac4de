import { TscomposeError } from '../../errors.ts'
import { didYouMean } from './diagnostics.ts'
import { mergeFile, parseFile } from './documents.ts'
import { mergeService } from './merge.ts'
import { applyResets } from './reset.ts'
import { isRemoteFile, resolvePaths } from './resolve-paths.ts'
import type { ResetPaths, Scope } from './session.ts'
import { absolute, directoryOf } from './session.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { cloneNode, mapAt, mapOf, scalarAt, stringOf, whereOf, whereOfKey } from './yaml/node.ts'

/** A file whose services are being extended. */
interface Origin {
  readonly services: MapNode
  readonly resets: ResetPaths
  /** As messages name it. */
  readonly file: string
}

interface Step {
  readonly file: string
  readonly service: string
}

/** Gives every service of a document that extends another one what it inherits, in place. */
export async function applyExtends(document: MapNode, file: string, scope: Scope, resets: ResetPaths): Promise<void> {
  const services = document.entries.get('services')
  if (!services) return
  if (services.kind !== 'map')
    throw new TscomposeError('COMPOSE_TYPE_WRONG', 'services must be a mapping', { where: whereOf(services) })
  const origin: Origin = { services, resets, file }
  for (const name of services.entries.keys()) {
    const service = await extendService(name, origin, scope, [])
    if (service) services.entries.set(name, service)
  }
}

async function extendService(
  name: string,
  origin: Origin,
  scope: Scope,
  trail: readonly Step[],
): Promise<Node | undefined> {
  const service = origin.services.entries.get(name)
  if (!service || (service.kind === 'scalar' && service.type === 'null')) return service
  if (service.kind !== 'map')
    throw new TscomposeError('COMPOSE_TYPE_WRONG', `services.${name} must be a mapping`, { where: whereOf(service) })
  const extension = service.entries.get('extends')
  if (!extension) return service
  const { reference, file } = target(name, extension)
  const from = file
    ? await fromFile(name, reference, file, origin, scope)
    : sameFile(name, reference, extension, origin)
  const next = follow(trail, { file: from.file, service: name }, extension)
  const base = await extendService(reference, from, scope, next)
  if (base?.kind !== 'map') return service
  const inherited = cloneNode(base) as MapNode
  const wrapped = mapAt(service, [['services', mapAt(service, [[name, inherited]])]])
  applyResets(wrapped, origin.resets, mapAt(service, [['services', mapAt(service, [[name, service]])]]), forgotten =>
    scope.session.forgotten.push(forgotten),
  )
  const merged = mergeService(inherited, service)
  merged.entries.delete('extends')
  merged.keyOffset = service.keyOffset
  // The service is the one of this document, wherever most of it comes from.
  const result: MapNode = { ...merged, source: service.source, offset: service.offset, keyOffset: service.keyOffset }
  origin.services.entries.set(name, result)
  return result
}

function target(name: string, extension: Node): { reference: string; file: Node | undefined } {
  const map = mapOf(extension)
  if (!map) return { reference: stringOf(extension) ?? '', file: undefined }
  const reference = stringOf(map.entries.get('service'))
  if (reference === undefined)
    throw new TscomposeError('COMPOSE_EXTENDS_INVALID', `extends.${name}.service is required`, {
      where: whereOfKey(extension),
    })
  const file = map.entries.get('file')
  return { reference, file: file?.kind === 'scalar' && file.type !== 'null' ? file : undefined }
}

function sameFile(name: string, reference: string, extension: Node, origin: Origin): Origin {
  if (origin.services.entries.has(reference)) return origin
  throw new TscomposeError(
    'COMPOSE_EXTENDS_INVALID',
    `cannot extend service ${JSON.stringify(name)} in ${origin.file}: service ${JSON.stringify(reference)} not found`,
    { where: whereOf(extension), ...didYouMean(reference, origin.services.entries.keys()) },
  )
}

/** @throws TscomposeError where the trail of extensions leads back to itself */
function follow(trail: readonly Step[], step: Step, extension: Node): Step[] {
  const next = [...trail, step]
  if (trail.some(({ file, service }) => file === step.file && service === step.service)) {
    const lines = next.map(({ service, file }, index) => `  ${index > 0 ? 'extends ' : ''}${service} in ${file}`)
    throw new TscomposeError('COMPOSE_EXTENDS_INVALID', ['Circular reference:', ...lines].join('\n'), {
      where: whereOf(extension),
    })
  }
  return next
}

async function fromFile(name: string, reference: string, node: Node, origin: Origin, scope: Scope): Promise<Origin> {
  const file = stringOf(node) ?? ''
  const path = absolute(scope.directory, file)
  const fail = (problem: string, services?: MapNode): never => {
    throw new TscomposeError('COMPOSE_EXTENDS_INVALID', `cannot extend service ${JSON.stringify(name)} in ${problem}`, {
      where: whereOf(node),
      ...(services ? didYouMean(reference, services.entries.keys()) : {}),
    })
  }
  if (isRemoteFile(file)) fail(`${origin.file}: not supported yet: files of another machine (${file})`)
  let loading = scope.extended.get(path)
  if (!loading) {
    loading = loadExtended(path, scope, node)
    scope.extended.set(path, loading)
  }
  const { model, resets } = await loading
  const services = model.entries.get('services')
  if (!services) return fail(`${path}: no services section`)
  if (services.kind !== 'map') return fail(`${path}: services must be a mapping`)
  if (!services.entries.has(reference))
    return fail(`${origin.file}: service ${JSON.stringify(reference)} not found in ${file}`, services)
  return { services, resets, file }
}

/** Loads a file to extend from: not validated, its own extensions and includes untouched, its paths resolved. */
async function loadExtended(path: string, scope: Scope, at: Node): Promise<{ model: MapNode; resets: ResetPaths }> {
  const source = await scope.session.read(path).catch(error => {
    throw error instanceof TscomposeError && error.where === undefined
      ? new TscomposeError(error.code, error.message, { where: whereOf(at), cause: error, ...fixOf(error) })
      : error
  })
  const model = mapAt(scalarAt({ source, offset: 0, keyOffset: -1 }, null))
  const resets = await mergeFile(model, parseFile(source), scope, { include: false, extend: false, validate: false })
  resolvePaths(model, await directoryOf(scope.directory, path), scope.session.home)
  return { model, resets }
}

const fixOf = ({ fix }: TscomposeError): { fix?: string } => (fix === undefined ? {} : { fix })
