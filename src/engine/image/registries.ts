import type { AuthResponse, DistributionInspect, Filters, ImageSearchItem, RegistryAuthConfig } from '../api.ts'
import type { Context } from '../context.ts'
import { invalid } from '../failures.ts'
import { booleanFilter, validateFilters } from '../filters.ts'

/** Docker Hub answers with no more at once. */
const MOST = 100

/** `POST /auth`. @throws TscomposeError REGISTRY_LOGIN_REFUSED */
export async function login({ images }: Context, auth: RegistryAuthConfig, signal: AbortSignal): Promise<AuthResponse> {
  const token = await images.registries.login(auth, signal)
  return { Status: 'Login Succeeded', IdentityToken: token ?? '' }
}

/** `GET /distribution/{name}/json` */
export async function inspectDistribution(
  { images }: Context,
  name: string,
  auth: RegistryAuthConfig | undefined,
  signal: AbortSignal,
): Promise<DistributionInspect> {
  const { mediaType, digest, size, platforms } = await images.registries.inspect(name, auth, signal)
  return { Descriptor: { mediaType, digest, size }, Platforms: [...platforms] }
}

/** `GET /images/search`. @throws TscomposeError ENGINE_REQUEST_INVALID, REGISTRY_SEARCH_MISSING */
export async function searchImages(
  { images }: Context,
  term: string,
  { limit = 25, filters = {}, auth }: { limit?: number; filters?: Filters; auth?: RegistryAuthConfig },
  signal: AbortSignal,
): Promise<ImageSearchItem[]> {
  validateFilters(filters, ['is-automated', 'is-official', 'stars'])
  if (limit < 1 || limit > MOST) throw invalid(`limit ${limit} is outside the range of [1, ${MOST}]`)
  const official = booleanFilter(filters, 'is-official')
  const automated = booleanFilter(filters, 'is-automated')
  const stars = Math.max(0, ...(filters.stars ?? []).map(Number))
  if (Number.isNaN(stars)) throw invalid(`invalid filter 'stars=${filters.stars}'`)
  const found = await images.registries.search(term, limit, auth, signal)
  return found
    .filter(
      item =>
        (official === undefined || item.official === official) &&
        (automated === undefined || item.automated === automated) &&
        item.stars >= stars,
    )
    .sort((a, b) => b.stars - a.stars)
    .map(({ name, description, stars, official, automated }) => ({
      name,
      description,
      star_count: stars,
      is_official: official,
      is_automated: automated,
    }))
}
