import { execFileSync } from 'node:child_process'
import { createSign, randomBytes, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Machine } from './machine.ts'

export interface TokenServer {
  /** The section `auth` of a registry's configuration. */
  readonly auth: string
  /** What has been asked for: who, by what, and for which scopes. */
  readonly asked: string[]
  /** Identity tokens that are good. */
  readonly identities: Set<string>
}

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A server of tokens for a registry (distribution, "Token Authentication Specification"): for `me` with `secret`. */
export async function startTokenServer(machine: Machine): Promise<TokenServer> {
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=tokens']
  const pem = execFileSync('openssl', [...request, '-keyout', '-', '-out', '-'], { encoding: 'utf8', stdio: 'pipe' })
  const [, key = '', certificate = ''] = /(-+BEGIN PRIVATE.*KEY-+\n)(-+BEGIN CERT.*)/s.exec(pem) ?? []
  const bundle = join(machine.dir, 'tokens.pem')
  writeFileSync(bundle, certificate)
  const asked: string[] = []
  const identities = new Set<string>()

  function token(scopes: readonly string[]): string {
    const now = Math.floor(Date.now() / 1000)
    const access = scopes.map(scope => {
      const [, type, name, actions] = /^(\w+):(.*):([^:]*)$/.exec(scope) ?? []
      return { type, name, actions: actions?.split(',') }
    })
    const head = base64url({ typ: 'JWT', alg: 'RS256', x5c: [new X509Certificate(certificate).raw.toString('base64')] })
    const claims = { iss: 'tests', aud: 'registry', sub: 'me', jti: randomBytes(8).toString('hex'), access }
    const body = base64url({ ...claims, iat: now, nbf: now - 10, exp: now + 300 })
    return `${head}.${body}.${createSign('RSA-SHA256').update(`${head}.${body}`).sign(key, 'base64url')}`
  }

  async function answer(request: IncomingMessage): Promise<object | undefined> {
    const query =
      request.method === 'POST'
        ? new URLSearchParams(await text(request as Readable))
        : new URL(request.url ?? '', 'http://tokens').searchParams
    const scopes = query.getAll('scope').flatMap(scope => scope.split(' '))
    const login = Buffer.from(request.headers.authorization?.split(' ')[1] ?? '', 'base64').toString()
    const identity = query.get('refresh_token')
    asked.push(`${identity ? 'identity' : login.split(':')[0] || 'nobody'} ${scopes.join(' ')}`.trim())
    if (identity ? !identities.has(identity) : login !== 'me:secret') return undefined
    if (query.get('offline_token') !== 'true') return { token: token(scopes) }
    const made = randomBytes(8).toString('hex')
    identities.add(made)
    return { token: token(scopes), refresh_token: made }
  }

  const server = createServer(async (request, response) => {
    const found = await answer(request)
    response.writeHead(found ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found ?? { errors: [{ code: 'UNAUTHORIZED', message: 'wrong user or password' }] }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  machine.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  return {
    auth: `auth: { token: { realm: "${realm}", service: registry, issuer: tests, rootcertbundle: ${bundle} } }\n`,
    asked,
    identities,
  }
}
