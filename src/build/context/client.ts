import { chmod, mkdir } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { removeTree } from '../../remove-tree.ts'
import type { BuildContext, FileTree, Selection, SelectRequest, SourcePattern } from './context.ts'
import { openDirectoryContext } from './open.ts'

/** Puts files of the client into an empty directory: these paths, or all there are. */
export type LoadFiles = (directory: string, only: readonly string[] | undefined) => Promise<void>

/**
 * Files that a client sends when the first of them is looked for: a build whose steps take none has none sent, and one whose
 * Dockerfile says which it takes has those sent. What is to be left out is the client's to know.
 * @param temporary a directory for them
 */
export async function openClientContext(temporary: string, load: LoadFiles): Promise<BuildContext> {
  const part = await newPart(join(temporary, 'part'), load)
  const whole = await newPart(join(temporary, 'context'), load)
  return new ClientContext(part, whole)
}

interface Part {
  readonly directory: string
  open(only?: readonly string[]): Promise<FileTree>
  /** Whether somebody has asked for it, and whether it has come. */
  readonly state: 'closed' | 'coming' | 'open'
  /** When nothing more is written there. */
  settled(): Promise<void>
}

async function newPart(directory: string, load: LoadFiles): Promise<Part> {
  // Its own mode is not the client's, but that of what a step copies it to.
  await mkdir(directory)
  await chmod(directory, 0o755)
  let loaded: Promise<FileTree> | undefined
  let state: Part['state'] = 'closed'
  const fill = async (only: readonly string[] | undefined) => {
    state = 'coming'
    await load(directory, only?.map(plainPath))
    state = 'open'
    return await openDirectoryContext(directory, undefined)
  }
  return {
    directory,
    get state() {
      return state
    },
    open(only) {
      loaded ??= fill(only)
      return loaded
    },
    settled: async () => void (await loaded?.catch(() => {})),
  }
}

class ClientContext implements BuildContext {
  readonly #part: Part
  readonly #whole: Part
  #expected: readonly string[] | undefined

  constructor(part: Part, whole: Part) {
    this.#part = part
    this.#whole = whole
  }

  /** Of what has come; all of it counts more than a part. */
  get directory(): string {
    return this.#part.state === 'open' && this.#whole.state !== 'open' ? this.#part.directory : this.#whole.directory
  }

  expect(paths: readonly string[]): void {
    this.#expected = paths
  }

  async select(request: SelectRequest, signal: AbortSignal): Promise<Selection> {
    const expected = this.#expected
    // A trigger of a base image may ask for what the Dockerfile does not name.
    const isExpected = expected && request.sources.every(source => expected.includes(pathOf(source)))
    const tree = isExpected && this.#whole.state === 'closed' ? this.#part.open(expected) : this.#whole.open()
    return await (await tree).select(request, signal)
  }

  async open(path: string) {
    return await (await this.#current()).open(path)
  }

  async readText(path: string): Promise<string | undefined> {
    return await (await this.#current()).readText(path)
  }

  #current(): Promise<FileTree> {
    return this.#part.state !== 'closed' && this.#whole.state === 'closed' ? this.#part.open() : this.#whole.open()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of [this.#part, this.#whole]) {
      await part.settled()
      await removeTree(part.directory, { force: true })
    }
  }
}

/** Without dots and slashes that mean nothing. */
const plainPath = (path: string): string => posix.join('/', path).replace(/^\/|\/$/g, '')

const pathOf = (source: SourcePattern): string => (typeof source === 'string' ? source : source.path)
