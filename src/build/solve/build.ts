import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest, Image, ImageStore, Platform } from '../../image/image.ts'
import { platformName } from '../../image/platform.ts'
import type { SharedWork } from '../../image/shared-work.ts'
import type { Lease } from '../../image/workshop.ts'
import { removeTree } from '../../remove-tree.ts'
import { mountTree } from '../../runtime/mount-tree.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { BuildCache, CachedLayer, CacheSession } from '../cache/cache.ts'
import type { CacheMounts } from '../cache/mounts.ts'
import type { BuildContext, FileTree } from '../context/context.ts'
import { openRootTree } from '../context/index.ts'
import type { BuildWarning, Directives, Stage } from '../dockerfile/dockerfile.ts'
import type { Instruction } from '../dockerfile/instruction.ts'
import { unlessSkipped } from '../dockerfile/lint.ts'
import type { GivenToStages } from '../dockerfile/scope.ts'
import type { Origin, StageGraph, StageNode } from '../dockerfile/stage-graph.ts'
import type { Key } from '../key.ts'
import type { Progress } from '../progress.ts'
import type { BuildRequest, ConnectAgent } from '../request.ts'
import type { OpenSandbox } from '../run/sandbox.ts'
import { openSshAgent, type SshAgent } from '../run/ssh-agent.ts'
import { imageOfBase, loadLayout } from './base.ts'
import { openNamedContext } from './contexts.ts'
import { resolveImage } from './images.ts'
import { emptyStack, type Stack, stackOfImage, writableRoot } from './stack.ts'
import { type StageResult, solveStage } from './stage.ts'

/** What all builds of an engine share. */
export interface Surroundings {
  /** For what a build needs while it runs. */
  readonly workDir: string
  /** The same in memory, for secrets. */
  readonly runDir: string
  readonly images: ImageStore
  readonly runtime: Runtime
  readonly cache: BuildCache
  readonly mounts: CacheMounts
  readonly openSandbox: OpenSandbox
  /** A step that several builds come to at the same time is carried out once. */
  readonly underway: SharedWork<Key, readonly ['stdout' | 'stderr', string], CachedLayer>
}

/** What a build is about, once its Dockerfile is read. */
export interface BuildPlan {
  readonly request: BuildRequest
  readonly given: GivenToStages
  /** Of the Dockerfile. */
  readonly directives: Directives
  readonly context: BuildContext
  readonly platform: Platform
  /** Whether somebody asked for that platform. */
  readonly isPlatformAsked: boolean
  /** What goes before the names of steps, if images for several platforms are built. */
  readonly label: string
  /** The Dockerfile, for messages. */
  readonly file: string
  /** SOURCE_DATE_EPOCH: seconds */
  readonly epoch: number | undefined
}

/** One build: what it has found out and made so far. Everything is done once, when it is first asked for. */
export class Build implements AsyncDisposable {
  readonly around: Surroundings
  readonly plan: BuildPlan
  readonly progress: Progress
  readonly session: CacheSession
  /** Keeps the layers of base images, and those that are being made. */
  readonly lease: Lease
  readonly signal: AbortSignal
  /** Stages whose layers will be the image's. */
  #ofImage: ReadonlySet<number> = new Set()
  #graph: StageGraph = []
  /** What the steps have come to so far, taken from the cache or made. */
  readonly layers: { readonly stage: number; readonly layer: CachedLayer }[] = []
  /** Names of the directories of cache mounts that its steps have. */
  readonly mounts = new Set<string>()
  /** What the Dockerfile's checks have brought up. */
  readonly warnings: BuildWarning[] = []
  readonly #stages = new Map<number, Promise<StageResult>>()
  readonly #trees = new Map<string, Promise<FileTree>>()
  /** Base images, found once for all platforms that are built. */
  readonly images: Map<string, Promise<Image>>
  readonly #agents = new Map<string, Promise<SshAgent | undefined>>()
  readonly #held = new AsyncDisposableStack()
  readonly #failed = new AbortController()

  constructor(
    around: Surroundings,
    plan: BuildPlan,
    { progress, session, lease, signal, images }: Pick<Build, 'progress' | 'session' | 'lease' | 'signal' | 'images'>,
  ) {
    this.around = around
    this.plan = plan
    this.progress = progress
    this.session = session
    this.lease = lease
    this.images = images
    this.signal = AbortSignal.any([signal, this.#failed.signal])
  }

  /** Carries out what the target needs. The first step that fails ends all others. */
  async solve(graph: StageGraph): Promise<StageResult> {
    this.#graph = graph
    this.#ofImage = chainOf(graph)
    const target = graph.at(-1)
    if (!target) throw new TypeError('a graph has a target')
    try {
      // All at once: each waits for those it needs.
      const all = this.#graph.map(({ stage }) => this.stage(stage.index))
      await Promise.all(all)
      return await this.stage(target.stage.index)
    } catch (error) {
      this.#failed.abort(error)
      await Promise.allSettled(this.#stages.values())
      throw error
    }
  }

  stage(index: number): Promise<StageResult> {
    return once(this.#stages, index, async () => {
      const node = this.#graph.find(({ stage }) => stage.index === index)
      if (!node) throw new TypeError(`stage ${index} is not in the graph`)
      return await solveStage(this, node)
    })
  }

  /** The number of an instruction among those of all stages, from 1; of a stage's, FROM is the first. */
  placeOf(node: StageNode, index: number): { readonly number: number; readonly of: number } {
    const lengths = this.#graph.map(({ instructions }) => instructions.length + 1)
    const sum = (some: readonly number[]) => some.reduce((total, length) => total + length, 0)
    return { number: sum(lengths.slice(0, this.#graph.indexOf(node))) + index + 1, of: sum(lengths) }
  }

  /** What the next build of the same will look for. */
  usedKeys(): readonly Key[] {
    return [...new Set([...this.layers.map(({ layer }) => layer.record.key), ...this.mounts])].sort()
  }

  /** Then steps are not told apart by their stage. */
  get isOnlyStage(): boolean {
    return this.#graph.length === 1
  }

  /** @param instruction it may have a comment above that exempts it */
  warn(warning: BuildWarning, instruction?: Instruction): void {
    const [told] = unlessSkipped([warning], this.plan.directives, instruction)
    if (!told) return
    this.warnings.push(told)
    const { rule, message, where } = told
    this.progress.warn({ rule, message, where: `${where.file}:${where.line}` })
  }

  /** Whether the stage's steps are all to be carried out. */
  withoutCache({ name, index }: Stage): boolean {
    const { noCache } = this.plan.request
    if (typeof noCache === 'boolean') return noCache
    return noCache.some(wanted => wanted.toLowerCase() === name || wanted === String(index))
  }

  isOfImage(stage: number): boolean {
    return this.#ofImage.has(stage)
  }

  image(reference: string, platform: string | undefined): Promise<Image> {
    const wanted = platform ?? (this.plan.isPlatformAsked ? platformName(this.plan.platform) : '')
    return once(this.images, `${reference} ${wanted}`, () => resolveImage(this, reference, wanted))
  }

  layoutImage(context: string): Promise<Image> {
    return once(this.images, `layout ${context} ${platformName(this.plan.platform)}`, () => loadLayout(this, context))
  }

  /** The agent of `--ssh`, with our own keys if these were given. @returns undefined if none was */
  async sshAgent(id: string): Promise<ConnectAgent | undefined> {
    const source = this.plan.request.ssh.get(id)
    if (source === undefined) return undefined
    const agent = once(this.#agents, id, () => openSshAgent(source, this.around.runDir, this.signal))
    this.defer(async () => await (await agent.catch(() => undefined))?.[Symbol.asyncDispose]())
    return (await agent)?.connect
  }

  /** The layers behind an origin, if it has some; undefined for a context of files. */
  async stackOf(origin: Origin): Promise<Stack | undefined> {
    switch (origin.kind) {
      case 'stage':
        return (await this.stage(origin.stage)).stack
      case 'image':
        return stackOfImage(await this.image(origin.reference, origin.platform), this.around.images)
      case 'context': {
        const image = await imageOfBase(this, origin)
        return image && stackOfImage(image, this.around.images)
      }
      case 'scratch':
        return emptyStack
    }
  }

  /** The files that an instruction reads from. @param origin undefined: the build context */
  tree(origin: Origin | undefined): Promise<FileTree> {
    if (!origin) return Promise.resolve(this.plan.context)
    return once(this.#trees, JSON.stringify(origin), async () => {
      const stack = await this.stackOf(origin)
      if (stack) {
        const root = await writableRoot(stack, await this.newDirectory())
        return openRootTree(this.#held.use(await mountTree(root)).path)
      }
      if (origin.kind !== 'context') throw new TypeError(`no files in ${origin.kind}`)
      return this.#held.use(await openNamedContext(this, origin.name))
    })
  }

  /** The directory of a context of files, which is not to be written to. */
  async directoryOf(origin: Origin | undefined): Promise<string> {
    return ((await this.tree(origin)) as BuildContext).directory
  }

  /** An empty directory on the file system of the layers, which goes with the build. */
  async newDirectory(): Promise<string> {
    const path = join(this.around.workDir, randomBytes(8).toString('hex'))
    await mkdir(path, { recursive: true, mode: 0o700 })
    this.#held.defer(() => removeTree(path, { force: true }))
    return path
  }

  /** Disposes of something with the build. */
  hold<T extends AsyncDisposable>(resource: T): T {
    return this.#held.use(resource)
  }

  /** Does something when the build is over. */
  defer(work: () => unknown): void {
    this.#held.defer(async () => void (await work()))
  }

  /** A diff id in the background: it will be needed at the end. */
  prepareForImage(layer: CachedLayer): Promise<Digest> {
    const diffId = this.around.cache.diffId(layer, this.plan.epoch)
    diffId.catch(() => {}) // whoever needs it asks again
    return diffId
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.disposeAsync()
  }
}

/** The target, and the stages it is based on. */
function chainOf(graph: StageGraph): ReadonlySet<number> {
  const chain = new Set<number>()
  for (let node = graph.at(-1); node; ) {
    chain.add(node.stage.index)
    const { base } = node
    node = base.kind === 'stage' ? graph.find(({ stage }) => stage.index === base.stage) : undefined
  }
  return chain
}

function once<K, V>(known: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const value = known.get(key) ?? make()
  value.catch(() => {}) // several may wait for it, or nobody any more
  known.set(key, value)
  return value
}
