import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { removeTree } from '../../remove-tree.ts'

/**
 * Directories that nobody needs any more. They are moved here, which is quick, and removed behind everybody's back: in
 * an ordinary file system each name of them costs a tenth of a millisecond and more. What an engine leaves, because it
 * is killed, the next one removes.
 */
export class Rubbish implements AsyncDisposable {
  readonly #directory: string
  readonly #report: (message: string) => void
  #removing: Promise<void> = Promise.resolve()

  /** @param directory in the same file system as what is discarded; made if it is not there */
  constructor(directory: string, report: (message: string) => void) {
    this.#directory = directory
    this.#report = report
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(directory)) this.#removeSoon(join(directory, name))
  }

  /** Takes a directory away from where it is. @param name one that nothing else is discarded under, such as an id */
  discard(path: string, name: string): void {
    const here = join(this.#directory, name)
    renameSync(path, here)
    this.#removeSoon(here)
  }

  /** One after the other: there is no hurry, and others need libuv's threads, too. */
  #removeSoon(path: string): void {
    this.#removing = this.#removing
      .then(() => removeTree(path))
      .catch(error => this.#report(`cannot remove ${path}: ${(error as Error).message}`))
  }

  /** Resolves when all of it is gone. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#removing
  }
}
