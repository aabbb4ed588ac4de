import { setDefaults } from './defaults.ts'
import type { ParsedFile } from './documents.ts'
import { mergeFile } from './documents.ts'
import { SECRET_CONTENT } from './plain.ts'
import { resolvePaths } from './resolve-paths.ts'
import type { Scope } from './session.ts'
import { checkValues } from './value-checks.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { mapAt, mapOf, scalarAt, seqOf, stringOf } from './yaml/node.ts'

/**
 * Merges files that make up one project, and finishes what does not need the other parts of a larger project.
 * @param base of relative paths; undefined leaves them as they are
 * @param at where a project without any file is asked for
 */
export async function loadFiles(
  files: readonly ParsedFile[],
  scope: Scope,
  base: string | undefined,
  at: Pick<Node, 'source' | 'offset' | 'keyOffset'>,
): Promise<MapNode> {
  const first = files[0]?.source
  const model = mapAt(first ? { source: first, offset: 0, keyOffset: -1 } : at)
  for (const file of files) await mergeFile(model, file, scope)
  setDefaults(model)
  checkValues(model)
  if (base !== undefined) resolvePaths(model, base, scope.session.home)
  resolveEnvironment(model, scope)
  return model
}

/** Names of variables become their values where the environment of these files has them. */
function resolveEnvironment(model: MapNode, { lookup }: Scope): void {
  for (const service of mapOf(model.entries.get('services'))?.entries.values() ?? []) {
    const environment = seqOf(mapOf(service)?.entries.get('environment'))
    if (environment)
      environment.items = environment.items.map(item => {
        const name = stringOf(item)
        const value = name === undefined ? undefined : lookup(name)
        return value === undefined ? item : scalarAt(item, `${name}=${value}`)
      })
  }
  for (const node of mapOf(model.entries.get('configs'))?.entries.values() ?? []) {
    const config = mapOf(node)
    const name = config?.entries.get('environment')
    const value = lookup(stringOf(name) ?? '')
    if (config && name && value !== undefined) config.entries.set('content', scalarAt(name, value))
  }
  for (const node of mapOf(model.entries.get('secrets'))?.entries.values() ?? []) {
    const secret = mapOf(node)
    const name = secret?.entries.get('environment')
    const value = lookup(stringOf(name) ?? '')
    if (secret && name && value !== undefined) secret.entries.set(SECRET_CONTENT, scalarAt(name, value))
  }
}
