import { type Artifact, Artifacts, type FoundArtifact } from '../../image/registry/artifacts.ts'
import { readEngineConfig } from '../config.ts'
import { outside } from '../outside.ts'

/**
 * What a client fetches and sends by itself, with the user's own logins: artifacts of registries and git repositories.
 * What the engine's configuration says about registries and being offline holds for it, too.
 */
export { checkOut, within } from '../../build/context/git.ts'
export { readGitReference } from '../../build/dockerfile/git-reference.ts'
export type { Artifact, ArtifactFile, FoundArtifact } from '../../image/registry/artifacts.ts'

/** @param insecure registries that may be spoken to without TLS, besides those of the configuration */
export async function findArtifact(
  name: string,
  insecure: readonly string[],
  signal: AbortSignal,
): Promise<FoundArtifact> {
  return await withArtifacts(insecure, artifacts => artifacts.find(name, signal))
}

/** @returns the digest of its manifest */
export async function pushArtifact(
  name: string,
  artifact: Artifact,
  insecure: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  return await withArtifacts(insecure, artifacts => artifacts.push(name, artifact, signal))
}

/** Does work that asks git servers, if the configuration allows it. */
export async function withGit<T>(work: () => Promise<T>): Promise<T> {
  return await outside({ config: await readEngineConfig() }, work)
}

async function withArtifacts<T>(insecure: readonly string[], work: (artifacts: Artifacts) => Promise<T>): Promise<T> {
  const config = await readEngineConfig()
  const artifacts = new Artifacts({ insecureRegistries: [...config.insecureRegistries, ...insecure] })
  return await outside({ config }, () => work(artifacts))
}
