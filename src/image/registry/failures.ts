import { messageOf, TscomposeError } from '../../errors.ts'
import { type HttpResponse, readBody } from './http.ts'

const LIMIT = 64 * 1024

/** An error a registry answered with (distribution-spec, "Error Codes"). */
export interface RegistryFailure {
  readonly status: number
  /** `MANIFEST_UNKNOWN` and the like; empty if the answer names none. */
  readonly code: string
  /** `manifest unknown: manifest unknown`, as Docker shows it. */
  readonly text: string
  /** From Retry-After or the rate limit's headers. */
  readonly until: Date | undefined
  /** `100 in 6 h`, by the rate limit's headers. */
  readonly limit: string | undefined
}

export async function readFailure(response: HttpResponse): Promise<RegistryFailure> {
  const body = await readBody(response, LIMIT).catch(() => Buffer.alloc(0))
  const { code, message } = firstError(body.toString())
  const words = code.toLowerCase().replaceAll('_', ' ')
  return {
    status: response.status,
    code,
    text: [words, message].filter(Boolean).join(': ') || `HTTP status ${response.status}`,
    until: retryTime(response),
    limit: limitOf(response),
  }
}

function firstError(body: string): { code: string; message: string } {
  try {
    const [error] = JSON.parse(body).errors
    return { code: String(error.code ?? ''), message: String(error.message ?? '') }
  } catch {
    return { code: '', message: '' } // a proxy's HTML, or nothing
  }
}

function retryTime({ headers }: HttpResponse): Date | undefined {
  const value = headers['retry-after'] ?? headers['ratelimit-reset'] ?? headers['x-ratelimit-reset']
  if (typeof value !== 'string') return undefined
  const number = Number(value)
  // Seconds from now, or since the epoch if it is that great; otherwise a date.
  const date = Number.isFinite(number)
    ? new Date(number > 1e9 ? number * 1000 : Date.now() + number * 1000)
    : new Date(value)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** `ratelimit-limit: 100;w=21600` is what Docker Hub says. */
function limitOf({ headers }: HttpResponse): string | undefined {
  const [, count, seconds] = /^(\d+)\s*;\s*w=(\d+)$/.exec(String(headers['ratelimit-limit'] ?? '')) ?? []
  return count && `${count} in ${Number(seconds) >= 3600 ? `${Number(seconds) / 3600} h` : `${seconds} s`}`
}

/** What a repository is spoken to for. */
export type Doing = 'pull' | 'push'

/** A failure to ask for `name`, in Docker's words. */
export function failureError(
  { status, code, text, until, limit }: RegistryFailure,
  name: string,
  host: string,
  doing: Doing,
): TscomposeError {
  const repository = name.replace(/(?:@.*|:[^/:]*)$/, '')
  if (status === 429) {
    const when = until ? `Try again after ${until.toISOString()}` : 'Wait'
    const allowed = limit === undefined ? '' : ` It allows ${limit}.`
    return new TscomposeError('REGISTRY_RATE_LIMITED', `${host} refuses further requests: ${text}`, {
      fix: `${when}, or log in: registries allow more to those they know.${allowed}`,
    })
  }
  if (status === 401 || status === 403) {
    return new TscomposeError(
      'REGISTRY_UNAUTHORIZED',
      `${doing} access denied for ${repository}, repository does not exist or may require 'docker login': ${text}`,
    )
  }
  if (status === 404) {
    const what = code === 'NAME_UNKNOWN' ? `repository ${repository}` : `manifest for ${name}`
    return new TscomposeError('REGISTRY_NOT_FOUND', `${what} not found: ${text}`)
  }
  return new TscomposeError('REGISTRY_ERROR', `${host} answers with an error (${status}): ${text}`)
}

/** Whether the same request may well succeed a moment later. */
export const isPassing = (status: number): boolean => status === 408 || (status >= 500 && status !== 501)

/** Whether another endpoint may do better. */
export const isOfEndpoint = (error: unknown): error is TscomposeError =>
  error instanceof TscomposeError && error.code.startsWith('REGISTRY_')

/** A connection that could not be made, or broke. */
export const unreachable = (host: string, cause: unknown): TscomposeError =>
  new TscomposeError('REGISTRY_UNREACHABLE', `cannot reach ${host}: ${describe(cause)}`, {
    cause,
    fix: 'Look at the network, the proxy (HTTPS_PROXY) and "registry-mirrors"; without a network: tscompose image load.',
  })

function describe(cause: unknown): string {
  // Node tries IPv4 and IPv6 and collects what went wrong with each.
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.map(describe).join('; ')
  return messageOf(cause)
}
