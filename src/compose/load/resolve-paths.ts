import { realpathSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { pathRules } from './path-rules.ts'
import { isRemoteFile } from './remote-files.ts'
import type { Transform } from './transform.ts'
import { transform } from './transform.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { mapOf, scalarAt, stringOf, whereOfKey } from './yaml/node.ts'

interface Context {
  /** Base of relative paths; may itself be relative, for files of another project that are resolved once more later. */
  readonly base: string
  readonly home: string | undefined
}
type Rule = Transform<Context>

const resolved =
  (resolve: (path: string, context: Context) => string): Rule =>
  (node, context) => {
    const path = stringOf(node)
    if (path === undefined) return node
    const absolute = resolve(path, context)
    if (absolute === path) return node
    const result = scalarAt(node, absolute)
    if (node.was) result.was = node.was
    return result
  }

const expandHome = (path: string, home: string | undefined): string =>
  path.startsWith('~') && home !== undefined ? join(home, path.slice(1)) : path

/** Go's filepath.Join, which leaves no trailing slash. */
function joinPath(base: string, path: string): string {
  const joined = join(base, path)
  return joined.length > 1 && joined.endsWith('/') ? joined.slice(0, -1) : joined
}

function anyPath(path: string, { base, home }: Context): string {
  const expanded = expandHome(path, home)
  return expanded === '' || isAbsolute(expanded) ? expanded : joinPath(base, expanded)
}

/** A path on the host may be one of Windows, which stays as it is. */
function hostPath(path: string, { base, home }: Context): string {
  const expanded = expandHome(path, home)
  if (isAbsolute(expanded) || isWindowsPath(expanded)) return expanded
  return joinPath(base, expanded)
}

const isWindowsPath = (path: string): boolean => /^[a-zA-Z]:[\\/]/.test(path) || /^[\\/]{2}[^\\/]/.test(path)

const REMOTE_CONTEXT = /^(https?:\/\/|git:\/\/|ssh:\/\/|github\.com\/|git@|service:)|:\/\//

const buildContext = (path: string, context: Context): string =>
  REMOTE_CONTEXT.test(path) ? path : anyPath(path, context)

function watchedPath(path: string, context: Context): string {
  const absolute = anyPath(path, context)
  try {
    return realpathSync(absolute)
  } catch {
    return absolute
  }
}

const bindSource: Rule = (node, context) => {
  const mount = mapOf(node)
  if (!mount || stringOf(mount.entries.get('type')) !== 'bind') return node
  const source = mount.entries.get('source')
  if (!source)
    throw new TscomposeError(
      'COMPOSE_VALUE_INVALID',
      'invalid mount config for type "bind": field Source must not be empty',
      { where: whereOfKey(mount) },
    )
  return setPath(mount, 'source', source, context)
}

function setPath(map: MapNode, key: string, node: Node, context: Context): MapNode {
  const result = resolved(hostPath)(node, context, () => [])
  if (result) map.entries.set(key, result)
  return map
}

/** A local volume that is a bind mount in disguise. */
const bindVolume: Rule = (node, context) => {
  const volume = mapOf(node)
  const options = mapOf(volume?.entries.get('driver_opts'))
  const device = options?.entries.get('device')
  if (
    options &&
    device &&
    stringOf(volume?.entries.get('driver')) === 'local' &&
    stringOf(options.entries.get('o')) === 'bind'
  )
    setPath(options, 'device', device, context)
  return node
}

const file = resolved(anyPath)
const hostFile = resolved(hostPath)

const rules = pathRules<Rule>({
  'services.*.build.context': resolved(buildContext),
  'services.*.build.additional_contexts.*': resolved(buildContext),
  'services.*.build.ssh.*': hostFile,
  'services.*.env_file.*.path': file,
  'services.*.label_file.*': file,
  'services.*.extends.file': resolved((path, context) => (isRemoteFile(path) ? path : anyPath(path, context))),
  'services.*.develop.watch.*.path': resolved(watchedPath),
  'services.*.volumes.*': bindSource,
  'configs.*.file': hostFile,
  'secrets.*.file': hostFile,
  'volumes.*': bindVolume,
})

/** Resolves the relative paths of a model against `base`, in place. */
export const resolvePaths = (model: MapNode, base: string, home: string | undefined): void =>
  transform(model, rules, { base, home })
