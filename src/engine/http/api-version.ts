import { TscomposeError } from '../../errors.ts'

/** The newest version of Docker's API that the engine speaks, and the oldest; both have the major version 1. */
export const API_VERSION = '1.51'
export const MIN_API_VERSION = '1.24'

const NEWEST_MINOR = 51
const OLDEST_MINOR = 24

export interface VersionedPath {
  /** The path without its version, still percent-encoded. */
  readonly path: string
  /** The minor version that the client asked for; the newest where it named none. */
  readonly minor: number
}

/**
 * Takes the version off a path: `/v1.41/containers/json`.
 * @throws TscomposeError ENGINE_API_VERSION in dockerd's words, which its clients look for when they negotiate
 */
export function parseVersionedPath(path: string): VersionedPath {
  const match = /^\/v([0-9]+)(?:\.([0-9]+))?(?=\/)/.exec(path)
  if (!match) return { path, minor: NEWEST_MINOR }
  const [prefix, major, minor = '0'] = match
  const asked = prefix.slice(2)
  if (Number(major) > 1 || (major === '1' && Number(minor) > NEWEST_MINOR))
    throw unsupported(`client version ${asked} is too new. Maximum supported API version is ${API_VERSION}`)
  if (Number(major) < 1 || Number(minor) < OLDEST_MINOR)
    throw unsupported(
      `client version ${asked} is too old. Minimum supported API version is ${MIN_API_VERSION}, ` +
        'please upgrade your client to a newer version',
    )
  return { path: path.slice(prefix.length), minor: Number(minor) }
}

const unsupported = (message: string) => new TscomposeError('ENGINE_API_VERSION', message)
