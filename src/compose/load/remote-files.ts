import { TscomposeError } from '../../errors.ts'
import type { FetchedFile } from '../remote/fetch.ts'

/** Git repositories and OCI artifacts, which docker compose fetches Compose files from. */
const REMOTE_FILE = /^(oci:\/\/|git@|(https?|ssh|git):\/\/.*\.git|github\.com\/)/
export const isRemoteFile = (path: string): boolean => REMOTE_FILE.test(path)

/** Fetches a Compose file of another machine. */
export type FetchRemote = (reference: string) => Promise<FetchedFile>

/** The files of other machines that one load needs, each fetched once. */
export class RemoteFiles {
  readonly #fetch: FetchRemote | undefined
  readonly #fetched = new Map<string, Promise<FetchedFile>>()
  readonly #directories = new Set<string>()

  constructor(fetch: FetchRemote | undefined) {
    this.#fetch = fetch
  }

  /**
   * @param from the directory of the file that names it, if one does: what came from elsewhere may not send for more, as
   * docker compose asks before it does, and takes no answer for a no
   * @throws TscomposeError COMPOSE_REMOTE_INVALID, and what fetching throws
   */
  async get(reference: string, from?: string): Promise<FetchedFile> {
    if (from !== undefined && [...this.#directories].some(directory => `${from}/`.startsWith(`${directory}/`)))
      throw new TscomposeError(
        'COMPOSE_REMOTE_INVALID',
        `a remote Compose file may not name another one: ${reference}`,
        {
          fix: 'Include both from a file of your own.',
        },
      )
    if (!this.#fetch)
      throw new TscomposeError('COMPOSE_REMOTE_INVALID', `remote Compose files cannot be read here: ${reference}`)
    let fetching = this.#fetched.get(reference)
    if (!fetching) {
      fetching = this.#fetch(reference)
      this.#fetched.set(reference, fetching)
    }
    const file = await fetching
    this.#directories.add(file.path.slice(0, file.path.lastIndexOf('/')))
    return file
  }
}
