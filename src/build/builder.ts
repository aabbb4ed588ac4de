import { mkdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { TscomposeError } from '../errors.ts'
import type { Image, ImageStore } from '../image/image.ts'
import { hostPlatform, platformName } from '../image/platform.ts'
import { SharedWork } from '../image/shared-work.ts'
import { removeTree } from '../remove-tree.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { assertPlaces } from './annotations.ts'
import type { CacheRule } from './cache/budget.ts'
import { BuildCache } from './cache/cache.ts'
import type { Journal } from './cache/journal.ts'
import { CacheMounts } from './cache/mounts.ts'
import type { CacheRecord, ProjectUse } from './cache/record.ts'
import { keepBudget } from './cache/upkeep.ts'
import { checkStages } from './check.ts'
import type { BuildContext } from './context/context.ts'
import { contextPaths } from './context-paths.ts'
import type { Dockerfile } from './dockerfile/dockerfile.ts'
import { failOnWarnings, givenToStages, parseDockerfile, stageGraph } from './dockerfile/index.ts'
import type { StageGraph } from './dockerfile/stage-graph.ts'
import { excerptsOf } from './excerpt.ts'
import { keyOf } from './key.ts'
import { writeImage } from './output.ts'
import { Progress } from './progress.ts'
import type { BuildRequest, BuildResult, OnBuildEvent } from './request.ts'
import type { OpenSandbox } from './run/sandbox.ts'
import { imageOfBase } from './solve/base.ts'
import { Build, type BuildPlan, type Surroundings } from './solve/build.ts'
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
  /** For cached layers which no image has, and cache mounts. */
  readonly cacheRules: readonly CacheRule[]
}

/** Builds images from Dockerfiles. */
export class Builder implements AsyncDisposable {
  readonly cache: BuildCache
  readonly mounts: CacheMounts
  /** For what is needed only for a while. */
  readonly workDir: string
  readonly #around: Surroundings
  readonly #cacheRules: readonly CacheRule[]
  #upkeep: Promise<void> = Promise.resolve()

  private constructor(options: BuilderOptions, cache: BuildCache) {
    const { directory, runDir, images, runtime, openSandbox, cacheRules } = options
    this.#cacheRules = cacheRules
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
    const session = held.use(around.cache.session())
    const lease = held.use(around.images.workshop.lease())
    const temporary = async () => {
      const path = join(around.workDir, `context-${process.pid}-${Math.random().toString(36).slice(2)}`)
      await mkdir(path, { mode: 0o700 })
      held.defer(() => removeTree(path, { force: true }))
      return path
    }
    const { context, text, file } = await progress.during('[internal] load build definition', async () => {
      const name = '[internal] load build context'
      const opening = { name, dockerfile: ignoreFor(request), temporary, progress }
      const opened = held.use(await openContext(request.context, opening, signal))
      return { context: opened, ...(await readDockerfile(request, opened, temporary, signal)) }
    })
    const dockerfile = parseDockerfile(text, file)
    progress.showWith(excerptsOf(dockerfile, text))
    const failed = new AbortController()
    const until = AbortSignal.any([signal, failed.signal])
    const images = new Map<string, Promise<Image>>()
    const builds = planPlatforms(request, dockerfile, context, file).map(plan =>
      held.use(new Build(around, plan, { progress, session, lease, signal: until, images })),
    )
    const { directives } = dockerfile
    const [first] = builds
    const expected = first && contextPaths(dockerfile, first.plan.given)
    if (expected) context.expect?.(expected)
    for (const warning of dockerfile.warnings) first?.warn(warning)
    const failOnAll = () => {
      for (const { warnings } of builds) failOnWarnings(directives, warnings)
    }
    failOnAll()
    const graphs = await Promise.all(builds.map(async build => ({ build, graph: await graphOf(build, dockerfile) })))
    if (request.check) {
      for (const { build, graph } of graphs) await checkStages(build, graph)
      failOnAll()
      return { names: [] }
    }
    for (const build of builds) await importCaches(build)
    const solving = graphs.map(async ({ build, graph }) => ({ build, result: await build.solve(graph) }))
    // The first that fails ends those for other platforms.
    for (const one of solving) one.catch(error => failed.abort(error))
    await Promise.allSettled(solving)
    until.throwIfAborted()
    const stages = await Promise.all(solving)
    failOnAll()
    const result = await writeImage(stages, request)
    await exportCaches(builds)
    if (request.context.kind === 'directory') {
      const { path } = request.context
      const keys = [...new Set(builds.flatMap(build => build.usedKeys()))].sort()
      around.cache.remember(keyOf('project', [path, file, request.target]), { directory: path, keys })
    }
    return result
  }

  /** Nobody waits for it: it is after the build, and one after the other. */
  #keepBudget(since: number): void {
    const { cache, mounts } = this
    const { workshop } = this.#around.images
    const work = () => keepBudget({ cache, mounts, workshop, rules: this.#cacheRules }, since).catch(() => {})
    this.#upkeep = this.#upkeep.then(work)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#upkeep
    await this.cache[Symbol.asyncDispose]()
  }
}

/** What is to be built for each platform. @throws TscomposeError BUILD_DOCKERFILE_INVALID */
function planPlatforms(
  request: BuildRequest,
  dockerfile: Dockerfile,
  context: BuildContext,
  file: string,
): readonly BuildPlan[] {
  const { platforms, buildArgs, target } = request
  const asked = [...new Map(platforms.map(platform => [platformName(platform), platform])).values()]
  assertPlaces(request.annotations, asked.length > 1)
  return (asked.length > 0 ? asked : [hostPlatform]).map(platform => ({
    request,
    given: givenToStages(dockerfile, {
      buildArgs,
      buildPlatform: platformName(hostPlatform),
      targetPlatform: platformName(platform),
      ...(target && { target }),
    }),
    directives: dockerfile.directives,
    context,
    platform,
    isPlatformAsked: asked.length > 0,
    label: asked.length > 1 ? `${platformName(platform)} ` : '',
    file,
    epoch: epochOf(request),
  }))
}

/** The stages that the target needs. */
async function graphOf(build: Build, dockerfile: Dockerfile): Promise<StageGraph> {
  const { request, given } = build.plan
  const { images } = build.around
  return await stageGraph(dockerfile, given, {
    ...(request.target && { target: request.target }),
    contexts: [...request.contexts.keys()],
    triggersOf: async base => {
      if (base.kind !== 'image' && base.kind !== 'context') return []
      if (request.check) return base.kind === 'image' ? ((await images.find(base.reference))?.config.OnBuild ?? []) : []
      return (await imageOfBase(build, base))?.config.OnBuild ?? []
    },
    warn: warning => build.warn(warning),
  })
}

/** The path in the context beside which an ignore file of its own may be. */
function ignoreFor({ dockerfile, context }: BuildRequest): string {
  if (dockerfile.kind !== 'path') return 'Dockerfile'
  if (context.kind !== 'directory') return dockerfile.path
  return relative(context.path, join(dockerfile.path.startsWith('/') ? '' : context.path, dockerfile.path))
}

async function readDockerfile(
  { dockerfile, context: source }: BuildRequest,
  context: BuildContext,
  temporary: () => Promise<string>,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly file: string }> {
  if (dockerfile.kind === 'text') return { text: dockerfile.text, file: dockerfile.name }
  if (dockerfile.kind === 'client') {
    const { text, name } = await dockerfile.read(await temporary(), signal)
    return { text, file: name }
  }
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
