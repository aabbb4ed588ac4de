import type { Attributes } from './attributes.ts'
import { GrpcError, grpcCodes } from './rpc/status.ts'
import type { Status } from './trace.ts'

/** How long a build is known after its end, in milliseconds: its last status may still be asked for. */
const REMEMBERED = 10_000
/** How long a call about a build may be there before it begins, in milliseconds. */
const PATIENCE = 10_000

/** What a client that drives the build itself has decided on. */
export type Decision = { readonly frontend?: Attributes }

/** A build under way, known by the name that its client has given it. Calls about it may come before it has begun. */
export class RunningBuild {
  readonly #statuses: Status[] = []
  #wake = Promise.withResolvers<void>()
  #isOver = false
  hasBegun = false
  /** What the client that drives the build returns as its result. */
  readonly decided = Promise.withResolvers<Decision>()
  /** Frontends that have been asked to run, by the id of their result. */
  readonly frontends = new Map<string, Attributes>()

  constructor() {
    this.decided.promise.catch(() => {}) // nobody may wait for it
  }

  tell(status: Status): void {
    this.#statuses.push(status)
    this.#awaken()
  }

  end(): void {
    this.#isOver = true
    this.decided.reject(new GrpcError(grpcCodes.CANCELLED, 'the build is over'))
    this.#awaken()
  }

  #awaken(): void {
    const wake = this.#wake
    this.#wake = Promise.withResolvers()
    wake.resolve()
  }

  /** Everything from its begin to its end. */
  async *statuses(signal: AbortSignal): AsyncGenerator<Status> {
    const { promise: aborted, resolve } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => resolve())
    for (let at = 0; !signal.aborted; ) {
      const more = this.#statuses.slice(at)
      at += more.length
      yield* more
      if (at < this.#statuses.length) continue
      if (this.#isOver) return
      await Promise.race([this.#wake.promise, aborted])
    }
  }
}

export class Builds {
  readonly #builds = new Map<string, RunningBuild>()

  /** A client begins a build. @throws GrpcError */
  begin(ref: string): RunningBuild {
    const build = this.find(ref)
    if (build.hasBegun) throw new GrpcError(grpcCodes.INVALID_ARGUMENT, `there is a build ${ref} already`)
    build.hasBegun = true
    return build
  }

  /** A build that a client calls about, which has begun or is about to. @throws GrpcError */
  find(ref: string): RunningBuild {
    if (ref === '') throw new GrpcError(grpcCodes.INVALID_ARGUMENT, 'a build needs a ref')
    const known = this.#builds.get(ref)
    if (known) return known
    const build = new RunningBuild()
    this.#builds.set(ref, build)
    setTimeout(() => build.hasBegun || this.#forget(ref, build), PATIENCE).unref()
    return build
  }

  /** Ends a build, which is forgotten soon. */
  end(ref: string, build: RunningBuild): void {
    build.end()
    setTimeout(() => this.#forget(ref, build), REMEMBERED).unref()
  }

  #forget(ref: string, build: RunningBuild): void {
    build.end()
    if (this.#builds.get(ref) === build) this.#builds.delete(ref)
  }
}
