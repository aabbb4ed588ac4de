import { TscomposeError } from '../../errors.ts'
import { digestOf } from '../digest.ts'
import type { Digest, ImageStoreOptions } from '../image.ts'
import { JsonObject } from '../json.ts'
import { type Descriptor, mediaTypes, parseManifest } from '../manifest.ts'
import { familiarName, parseReference, type Reference } from '../reference.ts'
import { RegistryClient } from './client.ts'
import { storedCredentials } from './credentials.ts'
import { endpointsOf } from './endpoints.ts'
import type { Doing } from './failures.ts'
import { openSession } from './open-session.ts'
import { putManifest } from './put-manifest.ts'
import { retrying } from './retry.ts'
import type { RegistrySession } from './session.ts'
import { upload } from './upload.ts'

const RETRIES = 2

/** A small file in a registry. */
export interface ArtifactFile {
  readonly mediaType: string
  readonly content: Buffer
  readonly annotations?: Readonly<Record<string, string>>
}

/** Files that are no image, with an image's manifest around them (OCI image-spec, "Guidelines for Artifact Usage"). */
export interface Artifact {
  /** Empty: what it is, the media type of its config says, as before version 1.1. */
  readonly artifactType: string
  readonly config: ArtifactFile
  readonly layers: readonly ArtifactFile[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** An artifact whose files have not been read yet. */
export interface FoundArtifact {
  readonly digest: Digest
  readonly artifactType: string
  readonly configType: string
  readonly layers: readonly Descriptor[]
  /** All of them, in order, verified. */
  readonly read: () => Promise<readonly ArtifactFile[]>
}

/** Artifacts in registries; logins are those of the user. */
export class Artifacts {
  readonly #insecureRegistries: readonly string[]

  constructor({ insecureRegistries }: Pick<ImageStoreOptions, 'insecureRegistries'>) {
    this.#insecureRegistries = insecureRegistries
  }

  /** @throws TscomposeError REGISTRY_*, OFFLINE, IMAGE_REFERENCE_INVALID */
  async find(name: string, signal: AbortSignal): Promise<FoundArtifact> {
    const reference = parseReference(name)
    const client = new RegistryClient(await this.#open(reference, 'pull', signal))
    const wanted = reference.digest ?? reference.tag ?? 'latest'
    const { bytes, digest } = await retrying(RETRIES, () => client.manifest(wanted, signal), signal)
    const what = `the manifest of ${name}`
    const manifest = parseManifest(bytes, what)
    if (manifest.kind === 'index')
      throw new TscomposeError('IMAGE_MANIFEST_INVALID', `${familiarName(reference)} is an image, not an artifact`)
    const read = async ({ digest, mediaType, annotations = {} }: Descriptor): Promise<ArtifactFile> => {
      const content = await retrying(RETRIES, () => client.document(digest, signal), signal)
      return { mediaType, content, annotations }
    }
    return {
      digest,
      artifactType: JsonObject.parse(bytes, what, 'IMAGE_MANIFEST_INVALID').string('artifactType') ?? '',
      configType: manifest.config.mediaType,
      layers: manifest.layers,
      read: () => Promise.all(manifest.layers.map(read)),
    }
  }

  /** @returns the digest of its manifest. @throws TscomposeError REGISTRY_*, OFFLINE, IMAGE_REFERENCE_INVALID */
  async push(name: string, artifact: Artifact, signal: AbortSignal): Promise<Digest> {
    const reference = parseReference(name)
    const session = await this.#open(reference, 'push', signal)
    for (const { content } of [artifact.config, ...artifact.layers]) {
      const blob = { digest: digestOf(content), size: content.length, content }
      await upload(session, blob, [], () => {}, signal)
    }
    const bytes = Buffer.from(JSON.stringify(manifestOf(artifact)))
    const digest = digestOf(bytes)
    const tag = reference.tag ?? reference.digest ?? 'latest'
    await putManifest(session, tag, { bytes, digest, mediaType: mediaTypes.ociManifest }, signal)
    return digest
  }

  async #open(reference: Reference, doing: Doing, signal: AbortSignal): Promise<RegistrySession> {
    const endpoints = endpointsOf(reference.domain, {
      registryMirrors: [],
      insecureRegistries: this.#insecureRegistries,
    })
    const login = async () => await storedCredentials(reference.domain, signal)
    return await openSession(reference, endpoints, { login, doing }, signal)
  }
}

const descriptorOf = ({ mediaType, content, annotations }: ArtifactFile) => ({
  mediaType,
  digest: digestOf(content),
  size: content.length,
  ...(annotations && { annotations }),
})

const manifestOf = ({ artifactType, config, layers, annotations }: Artifact) => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  ...(artifactType && { artifactType }),
  config: descriptorOf(config),
  layers: layers.map(descriptorOf),
  ...(annotations && { annotations }),
})
