import type { RegistryAuthConfig } from '../api.ts'
import { invalid } from '../failures.ts'
import { registryAuthConfig } from './requests.ts'
import { map, nullable, type Parser } from './shapes.ts'

type Header = string | string[] | undefined

/** `X-Registry-Auth`: the login for one registry. @throws TscomposeError ENGINE_REQUEST_INVALID */
export function parseRegistryAuth(header: Header): RegistryAuthConfig | undefined {
  const auth = decode('X-Registry-Auth', header, registryAuthConfig)
  return auth && Object.values(auth).some(Boolean) ? auth : undefined
}

/** `X-Registry-Config`: logins by the address of their registry. @throws TscomposeError ENGINE_REQUEST_INVALID */
export const parseRegistryConfig = (header: Header): Record<string, RegistryAuthConfig> | undefined =>
  decode('X-Registry-Config', header, nullable(map(registryAuthConfig))) ?? undefined

function decode<T>(name: string, header: Header, parse: Parser<T>): T | undefined {
  if (!header) return undefined
  try {
    return parse(JSON.parse(Buffer.from(String(header), 'base64url').toString()), '')
  } catch (error) {
    throw invalid(`invalid ${name} header: ${(error as Error).message}`)
  }
}
