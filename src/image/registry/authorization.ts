import { TscomposeError } from '../../errors.ts'
import type { RegistryAuth } from '../image.ts'
import { JsonObject } from '../json.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import { isPassing, readFailure, unreachable } from './failures.ts'
import { type HttpClient, type HttpResponse, readBody } from './http.ts'

const LIMIT = 1024 * 1024

export interface Scopes {
  /** What is needed, if the registry does not say it. */
  readonly scope: string
  /** What is asked for besides. */
  readonly more: readonly string[]
  /** Whether an identity token is asked for, too, which can be kept instead of the password. */
  readonly toKeep?: boolean
}

export interface Authorization {
  /** The value of the header Authorization. */
  readonly header: string
  readonly identitytoken?: string
}

/**
 * What answers a registry's 401: a token fetched from the realm it names (distribution, "Token authentication"), or the
 * login itself.
 * @returns undefined if there is nothing to answer with
 */
export async function authorize(
  response: HttpResponse,
  scopes: Scopes,
  login: RegistryAuth | undefined,
  http: HttpClient,
  signal: AbortSignal,
): Promise<Authorization | undefined> {
  const challenges = parseChallenges(String(response.headers['www-authenticate'] ?? ''))
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
  if (bearer) return await fetchToken(bearer, scopes, login, response.url, http, signal)
  const basic = challenges.some(({ scheme }) => scheme === 'basic')
  return basic && login?.username ? { header: basicAuthorization(login) } : undefined
}

const basicAuthorization = ({ username = '', password = '' }: RegistryAuth): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

async function fetchToken(
  { parameters }: Challenge,
  { scope, more, toKeep }: Scopes,
  login: RegistryAuth | undefined,
  registry: URL,
  http: HttpClient,
  signal: AbortSignal,
): Promise<Authorization> {
  const realm = URL.parse(parameters.realm ?? '')
  if (!realm) throw new TscomposeError('REGISTRY_ERROR', `${registry.host} asks for a token without saying where`)
  if (login && registry.protocol === 'https:' && realm.protocol !== 'https:')
    throw new TscomposeError('REGISTRY_ERROR', `${registry.host} wants the login sent without TLS, to ${realm.host}`)
  const query: Query = [
    ...(parameters.service ? [['service', parameters.service] as const] : []),
    ...[...new Set([parameters.scope || scope, ...more])].filter(Boolean).map(scope => ['scope', scope] as const),
    ...(toKeep && !login?.identitytoken ? offlineToken : []),
  ]
  const response = await send(realm, query, login, http, signal).catch(cause => {
    signal.throwIfAborted()
    throw unreachable(realm.host, cause)
  })
  if (response.status !== 200) {
    const failure = await readFailure(response)
    const code =
      failure.status === 429
        ? 'REGISTRY_RATE_LIMITED'
        : isPassing(failure.status)
          ? 'REGISTRY_ERROR'
          : 'REGISTRY_UNAUTHORIZED'
    throw new TscomposeError(code, `${realm.host} gives no token: ${failure.text}`)
  }
  const json = JsonObject.parse(await readBody(response, LIMIT), `the token of ${realm.host}`, 'REGISTRY_ERROR')
  const token = json.string('token') || json.string('access_token')
  if (!token) throw json.invalid('no token in it')
  const identitytoken = toKeep ? json.string('refresh_token') : undefined
  return { header: `Bearer ${token}`, ...(identitytoken && { identitytoken }) }
}

type Query = readonly (readonly [name: string, value: string])[]

const CLIENT = 'tscompose'
const offlineToken: Query = [
  ['offline_token', 'true'],
  ['client_id', CLIENT],
]

async function send(
  realm: URL,
  query: Query,
  login: RegistryAuth | undefined,
  http: HttpClient,
  signal: AbortSignal,
): Promise<HttpResponse> {
  if (login?.identitytoken) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: login.identitytoken,
      client_id: CLIENT,
    })
    // As a form, scopes are one parameter (distribution, "Token Authentication with OAuth2").
    for (const name of new Set(query.map(([name]) => name)))
      form.set(name, query.flatMap(([other, value]) => (other === name ? [value] : [])).join(' '))
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return await http.send({ url: realm, method: 'POST', headers, body: String(form) }, signal)
  }
  const url = new URL(realm)
  for (const [name, value] of query) url.searchParams.append(name, value)
  if (!login?.username) return await http.send({ url }, signal)
  url.searchParams.set('account', login.username)
  return await http.send({ url, headers: { authorization: basicAuthorization(login) } }, signal)
}
