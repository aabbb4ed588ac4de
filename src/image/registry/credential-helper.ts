import { TscomposeError } from '../../errors.ts'
import type { RegistryAuth } from '../image.ts'
import { JsonObject } from '../json.ts'

/** A helper that asks the user for something nobody sees would otherwise hold up the pull. */
const HELPER_MS = 30_000

/** The user name that stands for an identity token. */
const TOKEN = '<token>'

/** A program that keeps logins, in the protocol of docker-credential-helpers: JSON, or a server's name, on its standard input. */
export class CredentialHelper {
  readonly #program: string

  /** @param name without the prefix that all of them have */
  constructor(name: string) {
    this.#program = `docker-credential-${name}`
  }

  /** @throws TscomposeError REGISTRY_CREDENTIALS_INVALID */
  async get(server: string, signal: AbortSignal): Promise<RegistryAuth | undefined> {
    const stdout = await this.#run('get', server, signal)
    if (stdout === undefined) return undefined
    const json = JsonObject.parse(stdout, `the answer of ${this.#program}`, 'REGISTRY_CREDENTIALS_INVALID')
    const username = json.string('Username') ?? ''
    const secret = json.string('Secret') ?? ''
    if (username === TOKEN) return { identitytoken: secret, serveraddress: server }
    return username ? { username, password: secret, serveraddress: server } : undefined
  }

  /** The servers it has a login for. */
  async list(signal: AbortSignal): Promise<readonly string[]> {
    const stdout = await this.#run('list', '', signal)
    return JsonObject.parse(stdout || '{}', `the answer of ${this.#program}`, 'REGISTRY_CREDENTIALS_INVALID').names()
  }

  async store(server: string, { username, password, identitytoken }: RegistryAuth, signal: AbortSignal): Promise<void> {
    const Username = identitytoken ? TOKEN : username
    await this.#run('store', JSON.stringify({ ServerURL: server, Username, Secret: identitytoken ?? password }), signal)
  }

  async erase(server: string, signal: AbortSignal): Promise<void> {
    await this.#run('erase', server, signal)
  }

  /** @returns undefined if it has no login for the server */
  async #run(action: string, input: string, signal: AbortSignal): Promise<string | undefined> {
    const { execa } = await import('execa') // only who has a helper pays for it
    const result = await execa(this.#program, [action], {
      input,
      cancelSignal: signal,
      timeout: HELPER_MS,
      reject: false,
      stripFinalNewline: false,
    })
    signal.throwIfAborted()
    const stdout = result.stdout ?? ''
    if (!result.failed) return stdout
    if (/credentials not found/i.test(stdout)) return undefined
    throw new TscomposeError(
      'REGISTRY_CREDENTIALS_INVALID',
      `${this.#program} failed: ${stdout.trim() || result.originalMessage}`,
      { cause: result },
    )
  }
}
