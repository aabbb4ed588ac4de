import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { parseFile } from '../load/parsed-file.ts'
import { isRemoteFile } from '../load/remote-files.ts'
import { Source } from '../load/yaml/index.ts'
import { mapOf, type Node, type ScalarNode, stringOf, whereOf } from '../load/yaml/node.ts'
import { annotation, mediaType, type ProjectFile } from './artifact.ts'

/** The files of a project as they are published. */
export interface PublishedFiles {
  readonly composeFiles: readonly ProjectFile[]
  /** Absolute paths of env files, which go along only if that is wanted. */
  readonly envFiles: readonly string[]
}

/** A text of a file that is to be another one. */
interface Replacement {
  readonly node: ScalarNode
  readonly text: string
}

/**
 * Reads the Compose files of a project for others: as they are written, variables and comments included, but for the
 * names of env files and of files that are extended from. Those get names that tell nothing of this machine.
 * @param version of the program that publishes
 * @throws TscomposeError COMPOSE_PUBLISH_REFUSED if they include local files
 */
export async function publishedFiles(
  paths: readonly string[],
  directory: string,
  version: string,
): Promise<PublishedFiles> {
  const composeFiles: ProjectFile[] = []
  const extended = new Map<string, ProjectFile>()
  const envFiles = new Set<string>()
  for (const path of paths) composeFiles.push(await publish(path, directory))
  return { composeFiles: [...composeFiles, ...extended.values()], envFiles: [...envFiles] }

  async function publish(path: string, base: string, name = basename(path)): Promise<ProjectFile> {
    if (path === '-') throw refused('what comes from standard input cannot be published')
    const source = new Source(path, await readFile(path, 'utf8'))
    const replacements: Replacement[] = []
    for (const { node } of parseFile(source).documents) {
      const document = mapOf(node)
      refuseLocalIncludes(document?.entries.get('include'))
      for (const service of mapOf(document?.entries.get('services'))?.entries.values() ?? [])
        await replaceNames(service, base, replacements)
    }
    return {
      mediaType: mediaType.file,
      content: Buffer.from(replaced(source, replacements)),
      annotations: { [annotation.version]: version, [annotation.file]: name },
    }
  }

  async function replaceNames(service: Node, base: string, replacements: Replacement[]): Promise<void> {
    for (const node of envFileNames(mapOf(service)?.entries.get('env_file'))) {
      const path = resolve(base, String(node.value))
      envFiles.add(path)
      replacements.push({ node, text: envFileName(path) })
    }
    const file = mapOf(mapOf(service)?.entries.get('extends'))?.entries.get('file')
    const name = stringOf(file)
    if (file?.kind !== 'scalar' || name === undefined || isRemoteFile(name)) return
    const path = resolve(base, name)
    const shown = `${hash(path)}.yaml`
    replacements.push({ node: file, text: shown })
    if (extended.has(path)) return
    // A file that extends from itself, or in a circle, is published once.
    extended.set(path, { mediaType: mediaType.file, content: Buffer.alloc(0) })
    const { annotations, ...rest } = await publish(path, dirname(path), shown)
    extended.set(path, { ...rest, annotations: { ...annotations, [annotation.extends]: 'true' } })
  }
}

/** Names in artifacts are those of docker compose: nobody learns the paths of who published. */
export const envFileName = (path: string): string => `${hash(path)}.env`

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

/** `a.env`, `[a.env]`, `[{path: a.env}]` */
function envFileNames(node: Node | undefined): ScalarNode[] {
  if (!node) return []
  if (node.kind === 'scalar') return stringOf(node) === undefined ? [] : [node]
  if (node.kind === 'map') return envFileNames(node.entries.get('path'))
  return node.items.flatMap(envFileNames)
}

function refuseLocalIncludes(include: Node | undefined): void {
  for (const entry of include?.kind === 'seq' ? include.items : []) {
    const path = entry.kind === 'map' ? entry.entries.get('path') : entry
    for (const node of path?.kind === 'seq' ? path.items : path ? [path] : [])
      if (!isRemoteFile(stringOf(node) ?? '')) throw refused('cannot publish compose file with local includes', node)
  }
}

/** The text with each of the scalars written as another one; from the last to the first, so that offsets stay true. */
function replaced(source: Source, replacements: readonly Replacement[]): string {
  let text = source.text
  for (const { node, text: replacement } of replacements.toSorted((a, b) => b.node.offset - a.node.offset)) {
    const value = String(node.value)
    const written = [value, JSON.stringify(value), `'${value}'`].find(form => text.startsWith(form, node.offset))
    if (written === undefined)
      throw refused(`cannot publish the name of a file that is written in this way: ${value}`, node)
    text = text.slice(0, node.offset) + replacement + text.slice(node.offset + written.length)
  }
  return text
}

const refused = (message: string, node?: Node): TscomposeError =>
  new TscomposeError('COMPOSE_PUBLISH_REFUSED', message, node && { where: whereOf(node) })
