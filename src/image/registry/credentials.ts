import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import type { RegistryAuth } from '../image.ts'
import { defined, JsonObject } from '../json.ts'

const INVALID = 'REGISTRY_CREDENTIALS_INVALID'

/** How Docker calls itself there. */
const dockerHub = 'https://index.docker.io/v1/'

/** A helper that asks the user for something nobody sees would otherwise hold up the pull. */
const HELPER_MS = 30_000

/**
 * The login that `docker login` has kept for a registry, in `config.json` or with a credential helper (Docker CLI
 * reference, "Credential stores").
 * @throws TscomposeError REGISTRY_CREDENTIALS_INVALID
 */
export async function storedCredentials(domain: string, signal: AbortSignal): Promise<RegistryAuth | undefined> {
  const file = join(process.env.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json')
  const text = await readFile(file).catch(cause => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined
    throw new TscomposeError(INVALID, `cannot read ${file}: ${cause.message}`, { cause })
  })
  if (text === undefined) return undefined
  const json = JsonObject.parse(text, file, INVALID)
  const server = domain === 'docker.io' ? dockerHub : domain
  const helper =
    json.object('credHelpers')?.string(server) ??
    json.object('credHelpers')?.string(domain) ??
    json.string('credsStore')
  if (helper) return await askHelper(helper, server, signal)
  return fromAuths(json.object('auths'), server)
}

function fromAuths(auths: JsonObject | undefined, server: string): RegistryAuth | undefined {
  // Older versions kept URLs.
  const key = [server, `https://${server}`, `https://${server}/`, `https://${server}/v1/`, `http://${server}`].find(
    key => auths?.has(key),
  )
  const entry = key === undefined ? undefined : auths?.object(key)
  if (!entry) return undefined
  const identitytoken = entry.string('identitytoken')
  if (identitytoken) return { identitytoken, serveraddress: server }
  const decoded = Buffer.from(entry.string('auth') ?? '', 'base64').toString()
  const colon = decoded.indexOf(':')
  if (colon > 0) return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1), serveraddress: server }
  const login = defined({ username: entry.string('username'), password: entry.string('password') })
  return login.username ? { ...login, serveraddress: server } : undefined
}

/** docker-credential-helpers' protocol: the server on standard input of `get`, the login as JSON on its output. */
async function askHelper(name: string, server: string, signal: AbortSignal): Promise<RegistryAuth | undefined> {
  const program = `docker-credential-${name}`
  const { execa } = await import('execa') // only who has a helper pays for it
  const result = await execa(program, ['get'], {
    input: server,
    cancelSignal: signal,
    timeout: HELPER_MS,
    reject: false,
    stripFinalNewline: false,
  })
  signal.throwIfAborted()
  const stdout = result.stdout ?? ''
  if (result.failed && /credentials not found/i.test(stdout)) return undefined
  if (result.failed)
    throw new TscomposeError(INVALID, `${program} failed: ${stdout.trim() || result.originalMessage}`, {
      cause: result,
    })
  const json = JsonObject.parse(stdout, `the answer of ${program}`, INVALID)
  const username = json.string('Username') ?? ''
  const secret = json.string('Secret') ?? ''
  if (username === '<token>') return { identitytoken: secret, serveraddress: server }
  return username ? { username, password: secret, serveraddress: server } : undefined
}
