import { join } from 'node:path'
import type { Builder } from '../../build/builder.ts'
import type { Journal } from '../../build/cache/journal.ts'
import type { CacheRecord, ProjectUse } from '../../build/cache/record.ts'
import type { Context } from '../context.ts'
import { notSupported } from '../failures.ts'

export interface BuildMemory {
  readonly journal: Journal
  readonly records: ReadonlyMap<string, CacheRecord>
  readonly projects: Map<string, ProjectUse>
}

/** The builder, opened when somebody builds: most engines never do. */
export class LazyBuilder implements AsyncDisposable {
  readonly #context: () => Context
  readonly #memory: BuildMemory | undefined
  #builder: Promise<Builder> | undefined

  constructor(context: () => Context, memory: BuildMemory | undefined) {
    this.#context = context
    this.#memory = memory
  }

  readonly open = (): Promise<Builder> => {
    this.#builder ??= this.#open().catch(error => {
      this.#builder = undefined // a disk that is full does not stay so
      throw error
    })
    return this.#builder
  }

  async #open(): Promise<Builder> {
    if (!this.#memory) throw notSupported('building images')
    const context = this.#context()
    const [{ Builder }, { openSandbox }] = await Promise.all([import('../../build/builder.ts'), import('./sandbox.ts')])
    const { directories, images, runtime, config } = context
    return await Builder.open({
      directory: join(directories.data, 'build'),
      runDir: join(directories.run, 'build'),
      images,
      runtime,
      openSandbox: openSandbox(context),
      ...this.#memory,
      cacheRules: config.buildCacheRules,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#builder) await (await this.#builder)[Symbol.asyncDispose]()
    else this.#memory?.journal[Symbol.dispose]()
  }
}
