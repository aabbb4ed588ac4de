import type { Filters, JSONMessage } from './common.ts'

export interface RegistryAuthConfig {
  username?: string
  password?: string
  identitytoken?: string
  serveraddress?: string
}

/** Answer of `POST /auth`. */
export interface AuthResponse {
  Status: string
  IdentityToken: string
}

export interface ImageSearchItem {
  name: string
  description: string
  star_count: number
  is_official: boolean
  is_automated: boolean
}

export interface DistributionInspect {
  Descriptor: { mediaType: string; digest: string; size: number }
  Platforms: { architecture: string; os: string; variant?: string }[]
}

/** What needs a registry. */
export interface RegistryOperations {
  /** Pulls (`POST /images/create`); with `allTags` every tag of a repository. The stream ends with the pull; a failed pull throws from it. */
  imagePull(
    reference: string,
    options: { platform?: string; auth?: RegistryAuthConfig; allTags?: boolean },
    signal: AbortSignal,
  ): Promise<AsyncIterable<JSONMessage>>
  /**
   * Pushes (`POST /images/{name}/push`), without a tag all tags of the repository. The stream ends as that of a pull.
   */
  imagePush(
    name: string,
    options: { tag?: string; platform?: string; auth?: RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<AsyncIterable<JSONMessage>>
  imageSearch(
    term: string,
    options: { limit?: number; filters?: Filters; auth?: RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<ImageSearchItem[]>
  distributionInspect(
    name: string,
    options: { auth?: RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<DistributionInspect>
  /** Checks a login with its registry (`POST /auth`). @throws TscomposeError REGISTRY_LOGIN_REFUSED */
  systemAuth(auth: RegistryAuthConfig, signal: AbortSignal): Promise<AuthResponse>
}
