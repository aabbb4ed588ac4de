import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheHome } from '../../home.ts'

/** Things that never change, kept in directories named after their contents; all of it can be deleted at any time. */
export class Cache {
  readonly #directory: string

  /** @param kind what is kept: `git`, `oci` */
  constructor(kind: string) {
    this.#directory = join(cacheHome(), 'tscompose/remote', kind)
  }

  /** Where something is, or would be. */
  place(name: string): string {
    return join(this.#directory, name)
  }

  async find(name: string): Promise<string | undefined> {
    const place = this.place(name)
    return (await stat(place).catch(() => undefined)) && place
  }

  /**
   * Fills a directory where nobody sees it and then renames it, so it is there completely or not at all, whoever else
   * fetches the same.
   * @param fill returns the name. @returns the place
   */
  async add(fill: (directory: string) => Promise<string>): Promise<string> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const fresh = await mkdtemp(join(this.#directory, 'new-'))
    try {
      const name = await fill(fresh)
      await rename(fresh, this.place(name)).catch(async error => {
        // Somebody else was faster.
        if (!(await this.find(name))) throw error
      })
      return this.place(name)
    } finally {
      await rm(fresh, { recursive: true, force: true })
    }
  }
}
