import { readFile } from 'node:fs/promises'
import { TscomposeError } from '../../errors.ts'
import { annotation, mediaType, type ProjectFile } from './artifact.ts'
import { envFileName } from './published-files.ts'

export type OciVersion = '1.0' | '1.1'

export interface PublishOptions {
  readonly insecureRegistries: readonly string[]
  /** Absent: 1.1, and 1.0 where the registry refuses that. */
  readonly ociVersion?: OciVersion
  /** RFC 3339 */
  readonly created: string
  readonly signal: AbortSignal
}

/** Env files as layers. */
export const envFileLayers = (paths: readonly string[], version: string): Promise<ProjectFile[]> =>
  Promise.all(
    paths.map(async path => ({
      mediaType: mediaType.envFile,
      content: await readFile(path),
      annotations: { [annotation.version]: version, [annotation.envFile]: envFileName(path) },
    })),
  )

/** An override file with the digests of images, as a layer. */
export const digestsLayer = (yaml: string, version: string): ProjectFile => ({
  mediaType: mediaType.file,
  content: Buffer.from(yaml),
  annotations: { [annotation.version]: version, [annotation.file]: 'image-digests.yaml' },
})

/** Puts a project into a registry. @returns the digest of its manifest */
export async function publish(
  name: string,
  layers: readonly ProjectFile[],
  { insecureRegistries, ociVersion, created, signal }: PublishOptions,
): Promise<string> {
  const { pushArtifact } = await import('../../engine/client/remote-files.ts')
  const config = (type: string) => ({ mediaType: type, content: Buffer.from('{}') })
  const push = async (version: OciVersion) =>
    await pushArtifact(
      name,
      {
        artifactType: version === '1.1' ? mediaType.project : '',
        config: config(version === '1.1' ? mediaType.ociEmpty : mediaType.emptyConfig),
        layers,
        annotations: { 'org.opencontainers.image.created': created },
      },
      insecureRegistries,
      signal,
    )
  try {
    return await push(ociVersion ?? '1.1')
  } catch (error) {
    const isOld = error instanceof TscomposeError && error.code === 'REGISTRY_ERROR'
    if (ociVersion !== undefined || !isOld) throw error
    return await push('1.0')
  }
}
