import { dirname, join, resolve } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { parseFile } from './documents.ts'
import { readEnvFiles } from './env-files.ts'
import { mergeResource } from './merge.ts'
import { goKind } from './model/shape.ts'
import { loadFiles } from './model-loader.ts'
import { isRemoteFile } from './remote-files.ts'
import { applyResets } from './reset.ts'
import type { Environment, ResetPaths, Scope } from './session.ts'
import { absolute, directoryOf, fetchNamed, isDirectory, isFile, lookupIn, readNamed } from './session.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { isNull, kindName, mapAt, mapOf, stringOf, whereOf } from './yaml/node.ts'

const RESOURCES = ['services', 'volumes', 'networks', 'secrets', 'configs', 'models'] as const

/** Loads what a document includes, and puts it beneath the document's own definitions. */
export async function applyIncludes(document: MapNode, scope: Scope, resets: ResetPaths): Promise<void> {
  const list = document.entries.get('include')
  if (list && !isNull(list)) {
    if (list.kind !== 'seq') {
      const shown = list.kind === 'scalar' ? String(list.value) : kindName(list)
      throw new TscomposeError('COMPOSE_INCLUDE_INVALID', `\`include\` must be a list, got ${shown}`, {
        where: whereOf(list),
      })
    }
    for (const entry of list.items) importModel(await loadEntry(entry, scope), document, scope, resets)
  }
  document.entries.delete('include')
}

/** The texts of an attribute that may be one text or a list of them. */
function texts(node: Node | undefined): { text: string; node: Node }[] {
  const items = node?.kind === 'seq' ? node.items : node ? [node] : []
  return items.flatMap(item => {
    const text = stringOf(item)
    return text === undefined ? [] : [{ text, node: item }]
  })
}

async function loadEntry(entry: Node, scope: Scope): Promise<MapNode> {
  const map = mapOf(entry)
  if (!map && stringOf(entry) === undefined)
    throw new TscomposeError(
      'COMPOSE_INCLUDE_INVALID',
      `include: expected a map or struct, got ${JSON.stringify(goKind(entry))}`,
      {
        where: whereOf(entry),
      },
    )
  const paths = texts(map ? map.entries.get('path') : entry)
  const files: string[] = []
  for (const { text, node } of paths)
    files.push(isRemoteFile(text) ? await fetchNamed(scope, text, node) : absolute(scope.directory, text))
  const [main] = files
  const given = stringOf(map?.entries.get('project_directory'))
  const directory = given ? resolve(scope.directory, given) : dirname(main ?? scope.directory)
  const relative = main === undefined ? '.' : directoryOf(scope.directory, given || main)
  if (main !== undefined && scope.including.includes(main)) refuseCycle(scope.including, main, entry)
  const environment = await entryEnvironment(map?.entries.get('env_file'), directory, scope)
  const parsed = []
  for (const [index, file] of files.entries()) {
    const source = await readNamed(scope.session, file, paths[index]?.node ?? entry)
    parsed.push(parseFile(source))
  }
  const inner: Scope = { ...scope, directory, environment, lookup: lookupIn(environment), extended: new Map() }
  return await loadFiles(parsed, inner, given && resolve(scope.directory, given) === given ? given : relative, entry)
}

function refuseCycle(including: readonly string[], main: string, entry: Node): never {
  const [first, ...rest] = [...including, main]
  throw new TscomposeError(
    'COMPOSE_INCLUDE_INVALID',
    `include cycle detected:\n${first}\n include ${rest.join('\n include ')}`,
    { where: whereOf(entry) },
  )
}

/** What the including project knows wins over the entry's own env files. */
async function entryEnvironment(envFile: Node | undefined, directory: string, scope: Scope): Promise<Environment> {
  const given = texts(envFile)
  const files: string[] = []
  if (given.length === 0) {
    const own = join(directory, '.env')
    if (isFile(own)) files.push(own)
  }
  for (const { text, node } of given) {
    if (text === '/dev/null') continue
    const path = absolute(scope.directory, text)
    if (!isFile(path) && !isDirectory(path))
      throw new TscomposeError('COMPOSE_ENV_FILE_NOT_FOUND', `stat ${path}: no such file or directory`, {
        where: whereOf(node),
      })
    if (isDirectory(path))
      throw new TscomposeError('COMPOSE_INCLUDE_INVALID', `${path} is not a file`, { where: whereOf(node) })
    files.push(path)
  }
  const read = await readEnvFiles(files, scope.lookup, scope.session)
  return { ...Object.fromEntries([...read].map(([key, { value }]) => [key, value])), ...scope.environment }
}

function importModel(included: MapNode, document: MapNode, scope: Scope, resets: ResetPaths): void {
  for (const kind of RESOURCES) {
    const from = mapOf(included.entries.get(kind))
    if (!from) continue
    const own = document.entries.get(kind)
    const to = mapOf(own) ?? mapAt(own ?? document)
    for (const [name, node] of from.entries) {
      const conflict = to.entries.get(name)
      if (!conflict) {
        to.entries.set(name, node)
        continue
      }
      const wrapped = mapAt(document, [[kind, mapAt(document, [[name, node]])]])
      applyResets(wrapped, resets, document, forgotten => scope.session.forgotten.push(forgotten))
      to.entries.set(name, mergeResource(kind, name, node, conflict))
    }
    document.entries.set(kind, to)
  }
}
