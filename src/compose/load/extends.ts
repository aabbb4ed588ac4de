import { TscomposeError } from '../../errors.ts'
import { didYouMean } from '../../suggest.ts'
import { mergeFile, parseFile } from './documents.ts'
import { mergeService } from './merge.ts'
import { isRemoteFile } from './remote-files.ts'
import { applyResets } from './reset.ts'
import { resolvePaths } from './resolve-paths.ts'
import { serviceHint, typeHint } from './schema/type-hint.ts'
import type { ResetPaths, Scope } from './session.ts'
import { absolute, directoryOf, fetchNamed, readNamed } from './session.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { cloneNode, isNull, mapAt, mapOf, scalarAt, stringOf, whereOf, whereOfKey } from './yaml/node.ts'

/** A file whose services are being extended. */
interface Origin {
  readonly services: MapNode
  readonly resets: ResetPaths
  /** Absolute. */
  readonly file: string
}

/** A service on the way to what it is made of. */
interface Link {
  readonly name: string
  readonly origin: Origin
  readonly service: MapNode
}

/** Gives every service of a document that extends another one what it inherits, in place. */
export async function applyExtends(document: MapNode, file: string, scope: Scope, resets: ResetPaths): Promise<void> {
  const services = document.entries.get('services')
  if (!services) return
  if (services.kind !== 'map')
    throw new TscomposeError('COMPOSE_TYPE_WRONG', 'services must be a mapping', {
      where: whereOf(services),
      ...typeHint(services, ['services'], 'object'),
    })
  const origin: Origin = { services, resets, file }
  for (const name of services.entries.keys()) await extendService(name, origin, scope)
}

/** Follows a service to the one that extends nothing, and comes back merging. Every service is merged once. */
async function extendService(name: string, origin: Origin, scope: Scope): Promise<void> {
  const links = new Map<string, Link>()
  let at = { name, origin }
  let base: Node | undefined
  for (;;) {
    base = at.origin.services.entries.get(at.name)
    if (!base || isNull(base)) break
    if (base.kind !== 'map')
      throw new TscomposeError('COMPOSE_TYPE_WRONG', `services.${at.name} must be a mapping`, {
        where: whereOf(base),
        ...(await serviceHint(at.name, base)),
      })
    const extension = base.entries.get('extends')
    if (!extension) break
    const { reference, file } = target(at.name, extension)
    const from = file
      ? await fromFile(at.name, reference, file, at.origin, scope)
      : sameFile(at.name, reference, extension, at.origin)
    const step = `${at.name} in ${at.origin.file}`
    if (links.has(step)) refuseCycle([...links.keys(), step], extension)
    links.set(step, { ...at, service: base })
    at = { name: reference, origin: from }
  }
  for (const link of [...links.values()].reverse())
    base = base?.kind === 'map' ? inherit(link, base, scope) : link.service
}

function refuseCycle(steps: readonly string[], extension: Node): never {
  const lines = steps.map((step, index) => `  ${index > 0 ? 'extends ' : ''}${step}`)
  throw new TscomposeError('COMPOSE_EXTENDS_INVALID', ['Circular reference:', ...lines].join('\n'), {
    where: whereOf(extension),
  })
}

/** Merges a service onto a copy of what it extends, less what its document resets. */
function inherit({ name, origin, service }: Link, base: MapNode, { session }: Scope): MapNode {
  const inherited = cloneNode(base) as MapNode
  const wrap = (node: Node) => mapAt(service, [['services', mapAt(service, [[name, node]])]])
  applyResets(wrap(inherited), origin.resets, wrap(service), forgotten => session.forgotten.push(forgotten))
  const merged = mergeService(inherited, service)
  merged.entries.delete('extends')
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

async function fromFile(name: string, reference: string, node: Node, origin: Origin, scope: Scope): Promise<Origin> {
  const file = stringOf(node) ?? ''
  const path = isRemoteFile(file) ? await fetchNamed(scope, file, node) : absolute(scope.directory, file)
  const fail = (problem: string, services?: MapNode): never => {
    throw new TscomposeError('COMPOSE_EXTENDS_INVALID', `cannot extend service ${JSON.stringify(name)} in ${problem}`, {
      where: whereOf(node),
      ...(services ? didYouMean(reference, services.entries.keys()) : {}),
    })
  }
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
  return { services, resets, file: path }
}

/** Loads a file to extend from: not validated, its own extensions and includes untouched, its paths resolved. */
async function loadExtended(path: string, scope: Scope, at: Node): Promise<{ model: MapNode; resets: ResetPaths }> {
  const source = await readNamed(scope.session, path, at)
  const model = mapAt(scalarAt({ source, offset: 0, keyOffset: -1 }, null))
  const resets = await mergeFile(model, parseFile(source), scope, { include: false, extend: false, validate: false })
  resolvePaths(model, directoryOf(scope.directory, path), scope.session.home)
  return { model, resets }
}
