import type { ErrorCode } from '../../errors.ts'

/**
 * The HTTP statuses of errors, as dockerd has them. The code's last words decide, unless the code has a row of its own:
 * errors of every layer come through here, and most of them say in their name what kind of error they are.
 */
const byCode: { readonly [Code in ErrorCode]?: number } = {
  ENGINE_API_VERSION: 400,
  ENGINE_CDI_SPEC_INVALID: 500,
  ENGINE_CONTAINER_STATE: 409,
  ENGINE_EXEC_STATE: 409,
  ENGINE_FILES_READONLY: 403,
  ENGINE_ID_AMBIGUOUS: 400,
  ENGINE_NETWORK_IN_USE: 403,
  ENGINE_NETWORK_PREDEFINED: 403,
  ENGINE_SWARM_INACTIVE: 503,
  ENGINE_UNREACHABLE: 503,
  IMAGE_PLATFORM_MISSING: 404,
  IMAGE_ROOTFS_MISSING: 404,
  IMAGE_STORE_INVALID: 500,
  NETWORK_ADDRESS_OUTSIDE: 400,
  NETWORK_PORT_TAKEN: 500,
  NETWORK_SUBNET_OVERLAPS: 403,
  OFFLINE: 403,
  REGISTRY_CREDENTIALS_INVALID: 500,
  REGISTRY_LOGIN_REFUSED: 401,
  REGISTRY_SEARCH_MISSING: 501,
  // As dockerd: its client would ask for a password on 401, and say who is there.
  REGISTRY_UNAUTHORIZED: 404,
  // The request was in order but for its command: `docker run` makes the exit codes 126 and 127 of that.
  RUNTIME_COMMAND_NOT_EXECUTABLE: 400,
  RUNTIME_COMMAND_NOT_FOUND: 400,
  RUNTIME_LIMIT_REFUSED: 400,
  RUNTIME_SYSCTL_REFUSED: 400,
  RUNTIME_USER_UNKNOWN: 400,
}

const byEnding: readonly (readonly [RegExp, number])[] = [
  [/_INVALID$/, 400],
  [/_NOT_FOUND$/, 404],
  [/_(EXISTS|IN_USE|TAKEN|CONFLICT|NOT_RUNNING)$/, 409],
  [/_(NOT_SUPPORTED|UNSUPPORTED)$/, 501],
]

export const statusOf = (code: ErrorCode): number =>
  byCode[code] ?? byEnding.find(([ending]) => ending.test(code))?.[1] ?? 500
