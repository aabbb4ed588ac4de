import { TscomposeError } from '../../errors.ts'

/** How docker compose puts a project into a registry: media types and annotations. */
export const mediaType = {
  project: 'application/vnd.docker.compose.project',
  file: 'application/vnd.docker.compose.file+yaml',
  envFile: 'application/vnd.docker.compose.envfile',
  /** Of the config of an artifact as before OCI 1.1, which had no other way to say what it is. */
  emptyConfig: 'application/vnd.docker.compose.config.empty.v1+json',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
} as const

export const annotation = {
  version: 'com.docker.compose.version',
  file: 'com.docker.compose.file',
  /** A file that others extend from, and no part of the project by itself. */
  extends: 'com.docker.compose.extends',
  envFile: 'com.docker.compose.envfile',
} as const

/** One file of a published project. */
export interface ProjectFile {
  readonly mediaType: string
  readonly content: Buffer
  readonly annotations?: Readonly<Record<string, string>>
}

/** The name under which all Compose files of an artifact are stored, one document after the other. */
export const COMPOSE_FILE = 'compose.yaml'

/** @throws TscomposeError COMPOSE_REMOTE_INVALID if it is something else than a project */
export function checkIsProject(name: string, artifactType: string, configType: string): void {
  if (artifactType === mediaType.project || (artifactType === '' && configType === mediaType.emptyConfig)) return
  throw invalid(`${name} is not a compose project OCI artifact, but ${artifactType || configType}`)
}

/**
 * The files to store for an artifact.
 * @param directory where they will be: what names one of them inside another is given its full path, since relative
 * paths of a project are those of the directory in which the command runs
 * @throws TscomposeError COMPOSE_REMOTE_INVALID
 */
export function storedFiles(layers: readonly ProjectFile[], directory: string): ReadonlyMap<string, string> {
  const documents: string[] = []
  const others = new Map<string, string>()
  for (const { mediaType: type, content, annotations = {} } of layers) {
    const text = content.toString()
    if (type === mediaType.envFile) others.set(safeName(annotations[annotation.envFile]), text)
    else if (type !== mediaType.file) continue
    else if (annotations[annotation.extends] === undefined) documents.push(text)
    else others.set(safeName(annotations[annotation.file]), text)
  }
  if (documents.length === 0) throw invalid('the artifact has no Compose file')
  const withPaths = (text: string) => {
    let result = text
    for (const name of others.keys()) result = result.replaceAll(name, `${directory}/${name}`)
    return result
  }
  const files = new Map([[COMPOSE_FILE, withPaths(documents.join('\n---\n'))]])
  for (const [name, text] of others) files.set(name, /\.ya?ml$/.test(name) ? withPaths(text) : text)
  return files
}

/** Names come from whoever published: nothing of his may get outside of the directory, or replace the project. */
function safeName(name: string | undefined): string {
  if (name !== undefined && /^[a-zA-Z0-9_-][a-zA-Z0-9._-]{8,}$/.test(name) && name !== COMPOSE_FILE) return name
  throw invalid(`the artifact has a file with ${name === undefined ? 'no name' : `the name ${JSON.stringify(name)}`}`)
}

const invalid = (message: string): TscomposeError => new TscomposeError('COMPOSE_REMOTE_INVALID', message)
