import { TscomposeError } from '../../errors.ts'
import type { Digest } from '../image.ts'
import { retrying } from './retry.ts'
import type { RegistrySession } from './session.ts'

const RETRIES = 5

/** Puts a manifest whose blobs are all in the repository under a tag (OCI distribution-spec, "Pushing Manifests"). */
export async function putManifest(
  session: RegistrySession,
  tagOrDigest: string,
  { bytes, digest, mediaType }: { readonly bytes: Buffer; readonly digest: Digest; readonly mediaType: string },
  signal: AbortSignal,
): Promise<void> {
  const headers = { 'content-type': mediaType, 'content-length': String(bytes.length) }
  const request = { url: session.url(`manifests/${tagOrDigest}`), method: 'PUT', headers, body: bytes } as const
  const response = await retrying(RETRIES, () => session.send(request, [200, 201, 202], signal), signal)
  response.body.resume()
  const stored = response.headers['docker-content-digest']
  if (stored === undefined || stored === digest) return
  throw new TscomposeError('IMAGE_DIGEST_MISMATCH', `${session.host} has made ${stored} of the manifest ${digest}`)
}
