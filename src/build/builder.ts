import { mkdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { TscomposeError } from '../errors.ts'
import type { ImageStore } from '../image/image.ts'
import { hostPlatform, platformName } from '../image/platform.ts'
import { SharedWork } from '../image/shared-work.ts'
import { removeTree } from '../remove-tree.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { BuildCache } from './cache/cache.ts'
import type { Journal } from './cache/journal.ts'
import { CacheMounts } from './cache/mounts.ts'
import type { CacheRecord, ProjectUse } from './cache/record.ts'
import { keepBudget } from './cache/upkeep.ts'
import { checkStages } from './check.ts'
import type { BuildContext } from './context/context.ts'
import { failOnWarnings, givenToStages, parseDockerfile, stageGraph } from './dockerfile/index.ts'
import { excerptsOf } from './excerpt.ts'
import { keyOf } from './key.ts'
import { writeImage } from './output.ts'
import { Progress } from './progress.ts'
import type { BuildRequest, BuildResult, OnBuildEvent } from './request.ts'
import type { OpenSandbox } from './run/sandbox.ts'
import { imageOfBase } from './solve/base.ts'
import { Build, type Surroundings } from './solve/build.ts'
import { openContext } from './solve/contexts.ts'
import { exportCaches } from './transfer/export.ts'
import { importCaches } from './transfer/import.ts'

export interface BuilderOptions {
  /** A directory of the data root, on the file system of the image store. */
  readonly directory: string
  /** A directory in memory. */
  readonly runDir: string
  readonly images: ImageStore
  readonly runtime: Runtime
  readonly openSandbox: OpenSandbox
  /** What the journal has remembered; the image store has kept the layers. */
  readonly journal: Journal
  readonly records: ReadonlyMap<string, CacheRecord>
  readonly projects: Map<string, ProjectUse>
  /** Bytes that cached layers may take which no image has, and cache mounts. */
  readonly budget: number
}

/** Builds images from Dockerfiles. */
export class Builder implements AsyncDisposable {
  readonly cache: BuildCache
  readonly mounts: CacheMounts
  /** For what is needed only for a while. */
  readonly workDir: string
  readonly #around: Surroundings
  readonly #budget: number
  #upkeep: Promise<void> = Promise.resolve()

  private constructor(options: BuilderOptions, cache: BuildCache) {
    const { directory, runDir, images, runtime, openSandbox, budget } = options
    this.#budget = budget
    this.cache = cache
    this.mounts = new CacheMounts(join(directory, 'mounts'))
    const workDir = join(directory, 'work')
    this.workDir = workDir
    const underway: Surroundings['underway'] = new SharedWork()
    this.#around = { workDir, runDir, images, runtime, openSandbox, cache, mounts: this.mounts, underway }
  }

  /** Takes up the cache, and clears away what a build has left that was interrupted. */
  static async open(options: BuilderOptions): Promise<Builder> {
    const { directory, journal, records, projects } = options
    await removeTree(join(directory, 'work'), { force: true })
    await mkdir(join(directory, 'work'), { recursive: true, mode: 0o700 })
    await removeTree(options.runDir, { force: true })
    const { workshop } = options.images
    return new Builder(options, await BuildCache.open({ workshop, journal, records, projects }))
  }

  /**
   * Builds an image. @throws TscomposeError BUILD_*, and whatever pulling base images throws
   */
  async build(request: BuildRequest, tell: OnBuildEvent, signal: AbortSignal): Promise<BuildResult> {
    const progress = new Progress(tell)
    await using held = new AsyncDisposableStack()
    const began = Date.now()
    held.defer(() => this.#keepBudget(began))
    held.defer(() => progress.close())
    const around = this.#around
    const { images } = around
    const session = held.use(around.cache.session())
    const lease = held.use(around.images.workshop.lease())
    const temporary = async () => {
      const path = join(around.workDir, `context-${process.pid}-${Math.random().toString(36).slice(2)}`)
      await mkdir(path, { mode: 0o700 })
      held.defer(() => removeTree(path, { force: true }))
      return path
    }
    const { context, text, file } = await progress.during('[internal] load build definition', async () => {
      const opened = held.use(await openContext(request.context, ignoreFor(request), temporary, signal))
      return { context: opened, ...(await readDockerfile(request, opened)) }
    })
    const dockerfile = parseDockerfile(text, file)
    progress.showWith(excerptsOf(dockerfile, text))
    const platform = request.platform ?? hostPlatform
    const given = givenToStages(dockerfile, {
      buildArgs: request.buildArgs,
      buildPlatform: platformName(hostPlatform),
      targetPlatform: platformName(platform),
      ...(request.target && { target: request.target }),
    })
    const { directives } = dockerfile
    const plan = { request, given, directives, context, platform, file, epoch: epochOf(request) }
    const build = held.use(new Build(around, plan, { progress, session, lease, signal }))
    for (const warning of dockerfile.warnings) build.warn(warning)
    failOnWarnings(directives, build.warnings)
    const graph = await stageGraph(dockerfile, given, {
      ...(request.target && { target: request.target }),
      contexts: [...request.contexts.keys()],
      triggersOf: async base => {
        if (base.kind !== 'image' && base.kind !== 'context') return []
        if (request.check)
          return base.kind === 'image' ? ((await images.find(base.reference))?.config.OnBuild ?? []) : []
        return (await imageOfBase(build, base))?.config.OnBuild ?? []
      },
      warn: warning => build.warn(warning),
    })
    if (request.check) {
      await checkStages(build, graph)
      failOnWarnings(directives, build.warnings)
      return { names: [] }
    }
    await importCaches(build)
    const result = await build.solve(graph)
    failOnWarnings(directives, build.warnings)
    const image = await writeImage(build, result, request)
    await exportCaches(build)
    if (request.context.kind === 'directory') {
      const { path } = request.context
      around.cache.remember(keyOf('project', [path, file, request.target]), { directory: path, keys: build.usedKeys() })
    }
    return { image, names: request.tags }
  }

  /** Nobody waits for it: it is after the build, and one after the other. */
  #keepBudget(since: number): void {
    const { cache, mounts } = this
    const { workshop } = this.#around.images
    const work = () => keepBudget({ cache, mounts, workshop, budget: this.#budget }, since).catch(() => {})
    this.#upkeep = this.#upkeep.then(work)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#upkeep
    await this.cache[Symbol.asyncDispose]()
  }
}

/** The path in the context beside which an ignore file of its own may be. */
function ignoreFor({ dockerfile, context }: BuildRequest): string {
  if (dockerfile.kind === 'text') return 'Dockerfile'
  if (context.kind !== 'directory') return dockerfile.path
  return relative(context.path, join(dockerfile.path.startsWith('/') ? '' : context.path, dockerfile.path))
}

async function readDockerfile(
  { dockerfile, context: source }: BuildRequest,
  context: BuildContext,
): Promise<{ readonly text: string; readonly file: string }> {
  if (dockerfile.kind === 'text') return { text: dockerfile.text, file: dockerfile.name }
  const path = ignoreFor({ dockerfile, context: source } as BuildRequest)
  // It may lie beside the context; whoever names a directory of this machine may name a file of it, too.
  const outside = source.kind === 'directory' && path.startsWith('../')
  const text = outside
    ? await readFile(join(source.path, path), 'utf8').catch(() => undefined)
    : await context.readText(path)
  if (text !== undefined) return { text, file: path }
  throw new TscomposeError(
    'BUILD_FILE_UNREADABLE',
    `failed to read dockerfile: open ${dockerfile.path}: no such file or directory`,
  )
}

function epochOf({ buildArgs }: BuildRequest): number | undefined {
  const text = buildArgs.get('SOURCE_DATE_EPOCH')
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
