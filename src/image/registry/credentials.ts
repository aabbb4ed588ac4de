import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { home } from '../../home.ts'
import type { RegistryAuth } from '../image.ts'
import { defined, JsonObject } from '../json.ts'
import { CredentialHelper } from './credential-helper.ts'

const INVALID = 'REGISTRY_CREDENTIALS_INVALID'

/** How Docker calls itself there. */
const dockerHub = 'https://index.docker.io/v1/'

/** The name of a registry in the configuration, by its domain in image names. */
export const serverOf = (domain: string): string => (domain === 'docker.io' ? dockerHub : domain)

/** The domain of a registry, by what users and Docker's clients call its address: with a scheme, maybe, and a path. */
export function domainOf(server: string): string {
  const host = server.replace(/^https?:\/\//, '').split('/', 1)[0] ?? ''
  return ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host
}

/** Docker's configuration file of this user. */
const credentialFile = (): string => join(process.env.DOCKER_CONFIG || join(home(), '.docker'), 'config.json')

/**
 * The login that `docker login` has kept for a registry, in `config.json` or with a credential helper (Docker CLI
 * reference, "Credential stores").
 * @throws TscomposeError REGISTRY_CREDENTIALS_INVALID
 */
export async function storedCredentials(domain: string, signal: AbortSignal): Promise<RegistryAuth | undefined> {
  const text = await readCredentialFile()
  if (text === undefined) return undefined
  const json = JsonObject.parse(text, credentialFile(), INVALID)
  const server = serverOf(domain)
  const helper = helperOf(json, domain)
  return helper ? await helper.get(server, signal) : fromAuths(json.object('auths'), server)
}

/**
 * Every login that is kept, by the address of its registry. A helper that fails has none: what a build needs of it, the
 * registry will ask for.
 */
export async function allCredentials(signal: AbortSignal): Promise<Record<string, RegistryAuth>> {
  const text = await readCredentialFile()
  if (text === undefined) return {}
  const json = JsonObject.parse(text, credentialFile(), INVALID)
  const store = json.string('credsStore')
  const inStore = store ? await new CredentialHelper(store).list(signal).catch(() => []) : []
  const named = [json.object('auths'), json.object('credHelpers')].flatMap(some => some?.names() ?? [])
  const domains = [...new Set([...named, ...inStore].map(domainOf))]
  const logins = await Promise.all(
    domains.map(async domain => [serverOf(domain), await storedCredentials(domain, signal).catch(() => undefined)]),
  )
  signal.throwIfAborted()
  return Object.fromEntries(logins.filter(([, login]) => login !== undefined))
}

/** Where a login has been put. @property plain the file that has it, readable by whoever can read the file */
export type KeptIn = { readonly plain: string } | { readonly helper: true }

/** Keeps a login as `docker login` does. @throws TscomposeError REGISTRY_CREDENTIALS_INVALID */
export async function keepCredentials(domain: string, auth: RegistryAuth, signal: AbortSignal): Promise<KeptIn> {
  const server = serverOf(domain)
  const json = JsonObject.parse((await readCredentialFile()) ?? '{}', credentialFile(), INVALID)
  const helper = helperOf(json, domain)
  if (helper) {
    await helper.store(server, auth, signal)
    await changeAuths(auths => ({ ...auths, [server]: {} }))
    return { helper: true }
  }
  const { username = '', password = '', identitytoken } = auth
  const entry = identitytoken
    ? { auth: Buffer.from(`${username}:`).toString('base64'), identitytoken }
    : { auth: Buffer.from(`${username}:${password}`).toString('base64') }
  await changeAuths(auths => ({ ...auths, [server]: entry }))
  return { plain: credentialFile() }
}

/** Forgets a login. @returns whether there was one */
export async function forgetCredentials(domain: string, signal: AbortSignal): Promise<boolean> {
  const text = await readCredentialFile()
  if (text === undefined) return false
  const json = JsonObject.parse(text, credentialFile(), INVALID)
  const server = serverOf(domain)
  const known = await storedCredentials(domain, signal)
  if (known) await helperOf(json, domain)?.erase(server, signal)
  const keys = namesOf(server).filter(key => json.object('auths')?.has(key))
  if (keys.length > 0)
    await changeAuths(auths => Object.fromEntries(Object.entries(auths).filter(([key]) => !keys.includes(key))))
  return known !== undefined || keys.length > 0
}

async function readCredentialFile(): Promise<string | undefined> {
  const file = credentialFile()
  return await readFile(file, 'utf8').catch(cause => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined
    throw new TscomposeError(INVALID, `cannot read ${file}: ${cause.message}`, { cause })
  })
}

/** Everything else in the file stays as it is, and so does the file if this fails. */
async function changeAuths(change: (auths: Record<string, unknown>) => Record<string, unknown>): Promise<void> {
  const document = JSON.parse((await readCredentialFile()) || '{}')
  const text = JSON.stringify({ ...document, auths: change(document.auths ?? {}) }, undefined, '\t')
  await mkdir(dirname(credentialFile()), { recursive: true, mode: 0o700 })
  const file = await realpath(credentialFile()).catch(() => credentialFile()) // it may be a link to one that is kept elsewhere
  const temporary = `${file}.${randomBytes(4).toString('hex')}`
  try {
    {
      await using handle = await open(temporary, 'wx', 0o600)
      await handle.writeFile(`${text}\n`)
      await handle.sync()
    }
    const before = await stat(file).catch(() => undefined)
    if (before) await chmod(temporary, before.mode & 0o700)
    await rename(temporary, file)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new TscomposeError(INVALID, `cannot write ${file}: ${(cause as Error).message}`, { cause })
  }
}

function helperOf(json: JsonObject, domain: string): CredentialHelper | undefined {
  const helpers = json.object('credHelpers')
  const name = helpers?.string(serverOf(domain)) ?? helpers?.string(domain) ?? json.string('credsStore')
  return name ? new CredentialHelper(name) : undefined
}

/** Older versions kept URLs. */
const namesOf = (server: string): readonly string[] => [
  server,
  `https://${server}`,
  `https://${server}/`,
  `https://${server}/v1/`,
  `http://${server}`,
]

function fromAuths(auths: JsonObject | undefined, server: string): RegistryAuth | undefined {
  const key = namesOf(server).find(key => auths?.has(key))
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
