import { canonicalName, isRepository, parseReference } from '../../image/reference.ts'
import { allCredentials, storedCredentials } from '../../image/registry/credentials.ts'
import { offlineWish } from '../../offline.ts'
import type { RegistryAuthConfig } from '../api.ts'

export {
  domainOf,
  forgetCredentials,
  keepCredentials,
  serverOf,
  storedCredentials,
} from '../../image/registry/credentials.ts'
/**
 * What a client of the engine has to know about registries: the logins are those of the user, and the engine may be
 * another one's.
 */
export { isRepository }

/** The user's login for the registry of an image, as an option of the operations that ask registries. */
export async function loginFor(reference: string, signal: AbortSignal): Promise<{ auth?: RegistryAuthConfig }> {
  if (offlineWish()) return {} // a credential helper may ask somebody, too
  const auth = await storedCredentials(parseReference(reference).domain, signal)
  return auth ? { auth } : {}
}

/** All logins of the user by the address of their registry; one that cannot be read is none. */
export async function allLogins(signal: AbortSignal): Promise<Record<string, RegistryAuthConfig>> {
  return offlineWish() ? {} : await allCredentials(signal)
}

/** `docker.io/library/nginx:latest` for `nginx`. @throws TscomposeError IMAGE_REFERENCE_INVALID */
export const fullName = (reference: string): string => canonicalName(parseReference(reference))

/** `docker.io/library/nginx:alpine@sha256:...`; a name with a digest keeps that, and needs no tag. */
export async function pinned(reference: string, digest: () => Promise<string>): Promise<string> {
  const parsed = parseReference(reference)
  return parsed.digest ? canonicalName(parsed) : `${canonicalName(parsed)}@${await digest()}`
}

/** The repository and the tag of what a user writes; without a tag it has none. */
export function splitTag(name: string): { readonly repository: string; readonly tag?: string } {
  parseReference(name)
  const [, repository = name, tag] = /^(.*):([^/:]+)$/.exec(name) ?? []
  return tag === undefined || name.includes('@') ? { repository: name } : { repository, tag }
}
