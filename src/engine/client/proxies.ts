import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { home } from '../../home.ts'

/** The keys of Docker's configuration, and the variables that they give values to, in both spellings. */
const variables = {
  httpProxy: 'HTTP_PROXY',
  httpsProxy: 'HTTPS_PROXY',
  noProxy: 'NO_PROXY',
  ftpProxy: 'FTP_PROXY',
  allProxy: 'ALL_PROXY',
} as const

/**
 * The proxies that the user's `config.json` has for containers and builds (Docker CLI reference, "Automatic proxy
 * configuration for containers"): `proxies.default`. A file that cannot be read has none.
 */
export function proxyVariables(env: NodeJS.ProcessEnv = process.env): Readonly<Record<string, string>> {
  const settings = defaultProxies(join(env.DOCKER_CONFIG || join(env.HOME || home(), '.docker'), 'config.json'))
  return Object.fromEntries(
    Object.entries(variables).flatMap(([key, name]) => {
      const value = settings[key]
      if (typeof value !== 'string' || value === '') return []
      return [name, name.toLowerCase()].map(spelling => [spelling, value] as const)
    }),
  )
}

function defaultProxies(file: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).proxies?.default ?? {}
  } catch {
    return {} // a login that is needed from there says what is wrong with it
  }
}
