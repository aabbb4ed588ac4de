import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isGone } from './tree.ts'

/** Where the cgroup of a container is to be. */
export interface CgroupPlace {
  readonly parents: CgroupParents
  readonly parent: string
  /** Of its own directory. */
  readonly name: string
}

/**
 * The cgroups that containers are put into (`--cgroup-parent`; on v2 all others are in one of the engine's). Whoever only knows a container's id, as the next engine
 * does of one that was killed, finds its cgroup by a file in the container's run-time directory; like the cgroups
 * themselves, that does not outlast a restart of the machine. What was made here for a container goes after the last of
 * them; what somebody else has made, with limits for all that is in it, stays.
 */
export class CgroupParents {
  readonly #directory: string
  /** The directories that this engine, or one before it, has made. */
  readonly #book: string

  /** @param directory holds a directory for each container that has been launched and not released */
  constructor(directory: string) {
    this.#directory = directory
    this.#book = `${dirname(directory)}/cgroup-parents`
  }

  /** Empty: at the root of each hierarchy. */
  of(containerId: string): string {
    return readText(this.#file(containerId))
  }

  /** Before the cgroup is made. */
  note(containerId: string, parent: string): void {
    if (parent) writeFileSync(this.#file(containerId), parent)
  }

  /** Makes the directories above a container's own. @param prepare what each needs, once it is there */
  make(mountPoint: string, parent: string, prepare: (directory: string) => void): void {
    let directory = mountPoint
    for (const name of parent.split('/').filter(Boolean)) {
      directory += `/${name}`
      if (!existsSync(directory)) {
        writeFileSync(this.#book, `${directory}\n`, { flag: 'a' })
        mkdirSync(directory, { recursive: true, mode: 0o755 })
      }
      prepare(directory)
    }
  }

  /** Removes what was made here and is empty now. */
  tidy(): void {
    const made = [...new Set(readText(this.#book).split('\n').filter(Boolean))]
    if (made.length === 0) return
    const left = made.toSorted((a, b) => b.length - a.length).filter(directory => !isGone(directory))
    writeFileSync(this.#book, left.map(directory => `${directory}\n`).join(''))
  }

  #file(containerId: string): string {
    return `${this.#directory}/${containerId}/cgroup-parent`
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
