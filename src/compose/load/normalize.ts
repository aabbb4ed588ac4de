import { cleanPath } from './long-forms.ts'
import type { Lookup } from './template.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { implied, isNull, mapAt, mapOf, scalarAt, seqAt, seqOf, stringOf } from './yaml/node.ts'

/** Spells out what a model leaves implicit: names, the default network, dependencies that other attributes imply. */
export function normalize(model: MapNode, projectName: string, lookup: Lookup): void {
  model.entries.set('name', keepPlace(model, 'name', projectName))
  normalizeNetworks(model)
  for (const node of mapOf(model.entries.get('services'))?.entries.values() ?? [])
    if (node.kind === 'map') normalizeService(node, lookup)
  for (const kind of ['networks', 'volumes', 'configs', 'secrets']) nameResources(model, kind, projectName)
}

function keepPlace(model: MapNode, key: string, value: string): Node {
  const before = model.entries.get(key)
  if (!before) return implied(scalarAt(model, value))
  return stringOf(before) === value ? before : scalarAt(before, value)
}

function normalizeNetworks(model: MapNode): void {
  let usesDefault = false
  for (const service of mapOf(model.entries.get('services'))?.entries.values() ?? []) {
    if (service.kind !== 'map' || service.entries.has('provider') || service.entries.has('network_mode')) continue
    const networks = mapOf(service.entries.get('networks'))
    if (!networks || networks.entries.size === 0) {
      service.entries.set('networks', implied(mapAt(service, [['default', implied(scalarAt(service, null))]])))
      usesDefault = true
    } else if (networks.entries.has('default')) usesDefault = true
  }
  const networks = mapOf(model.entries.get('networks')) ?? mapAt(model)
  if (usesDefault && !networks.entries.has('default')) networks.entries.set('default', implied(scalarAt(model, null)))
  if (networks.entries.size > 0) model.entries.set('networks', networks)
}

function normalizeService(service: MapNode, lookup: Lookup): void {
  const { entries } = service
  const policy = entries.get('pull_policy')
  if (policy && stringOf(policy) === 'if_not_present') entries.set('pull_policy', scalarAt(policy, 'missing'))
  const build = mapOf(entries.get('build'))
  if (build) normalizeBuild(build, lookup)
  const environment = entries.get('environment')
  if (environment) entries.set('environment', resolveBare(environment, lookup, true))
  addImpliedDependencies(service)
  for (const volume of seqOf(entries.get('volumes'))?.items ?? []) {
    const target = mapOf(volume)?.entries.get('target')
    const path = stringOf(target)
    if (volume.kind === 'map' && target && path !== undefined && cleanPath(path) !== path)
      volume.entries.set('target', scalarAt(target, cleanPath(path)))
  }
  const image = entries.get('image')
  if (stringOf(image))
    for (const hook of seqOf(entries.get('pre_start'))?.items ?? [])
      if (hook.kind === 'map' && !hook.entries.has('image'))
        hook.entries.set('image', scalarAt(hook, stringOf(image) ?? ''))
}

function normalizeBuild(build: MapNode, lookup: Lookup): void {
  const { entries } = build
  const unset = (key: string) => !entries.has(key) || isNull(entries.get(key))
  if (unset('context')) entries.set('context', implied(scalarAt(build, '.')))
  if (unset('dockerfile') && unset('dockerfile_inline'))
    entries.set('dockerfile', implied(scalarAt(build, 'Dockerfile')))
  const args = entries.get('args')
  if (args) entries.set('args', resolveBare(args, lookup, false))
}

/** Gives variables without a value the one of the project's environment; `keep` says what becomes of the others. */
function resolveBare(node: Node, lookup: Lookup, keep: boolean): Node {
  if (node.kind === 'map') {
    for (const [key, value] of node.entries) {
      if (!isNull(value)) continue
      const found = lookup(key)
      if (found !== undefined) node.entries.set(key, scalarAt(value, found))
      else if (!keep) node.entries.delete(key)
    }
    return node
  }
  if (node.kind !== 'seq') return node
  const items: Node[] = []
  for (const item of node.items) {
    const text = stringOf(item)
    const found = text === undefined || text.includes('=') ? undefined : lookup(text)
    if (found !== undefined) items.push(scalarAt(item, `${text}=${found}`))
    else if (keep || text?.includes('=')) items.push(item)
  }
  return seqAt(node, items)
}

function addImpliedDependencies(service: MapNode): void {
  const { entries } = service
  const dependsOn = mapOf(entries.get('depends_on')) ?? implied(mapAt(service))
  const imply = (name: string, restart: boolean, at: Node) => {
    if (!dependsOn.entries.has(name))
      dependsOn.entries.set(
        name,
        mapAt(at, [
          ['condition', scalarAt(at, 'service_started')],
          ['restart', scalarAt(at, restart)],
          ['required', scalarAt(at, true)],
        ]),
      )
  }
  for (const link of seqOf(entries.get('links'))?.items ?? []) {
    const text = stringOf(link) ?? ''
    const parts = text.split(':')
    imply(parts.length === 2 ? (parts[0] ?? '') : text, true, link)
  }
  for (const namespace of ['network_mode', 'ipc', 'pid', 'uts', 'cgroup']) {
    const node = entries.get(namespace)
    const text = stringOf(node)
    if (node && text?.startsWith('service:')) imply(text.slice('service:'.length), true, node)
  }
  for (const node of seqOf(entries.get('volumes_from'))?.items ?? []) {
    const text = stringOf(node) ?? ''
    if (!text.startsWith('container:')) imply(text.split(':')[0] ?? '', false, node)
  }
  if (dependsOn.entries.size > 0) entries.set('depends_on', dependsOn)
}

function nameResources(model: MapNode, kind: string, projectName: string): void {
  const resources = mapOf(model.entries.get(kind))
  for (const [key, node] of resources?.entries ?? []) {
    const resource = mapOf(node) ?? mapAt(node)
    if (!resource.entries.has('name') || isNull(resource.entries.get('name'))) {
      const external = resource.entries.get('external')
      const own = external?.kind === 'scalar' && external.value === true
      resource.entries.set('name', implied(scalarAt(resource, own ? key : `${projectName}_${key}`)))
    }
    resources?.entries.set(key, resource)
  }
}
