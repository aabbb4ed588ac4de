import { messageOf } from '../errors.ts'
import type { BuildEvent, Excerpt, OnBuildEvent, StepProgress } from './request.ts'

/** Tells how far the steps of a build are. */
export class Progress {
  readonly #tell: OnBuildEvent
  readonly #open = new Set<Step>()
  readonly #warned = new Set<string>()
  #last = 0
  /** Of the Dockerfile, once it is read. */
  #excerpts: (where: string) => Excerpt | undefined = () => undefined

  constructor(tell: OnBuildEvent) {
    this.#tell = tell
  }

  showWith(excerpts: (where: string) => Excerpt | undefined): void {
    this.#excerpts = excerpts
  }

  /** The same is told once, for however many platforms it comes up. */
  warn(warning: Omit<Extract<BuildEvent, { type: 'warning' }>, 'type'>): void {
    const text = JSON.stringify(warning)
    if (this.#warned.has(text)) return
    this.#warned.add(text)
    this.#tell({ type: 'warning', ...warning })
  }

  /** A step begins. */
  begin(name: string, more: Pick<StepProgress, 'where' | 'why' | 'instruction'> = {}): Step {
    const step = new Step(
      this.#tell,
      { id: ++this.#last, name, state: 'running', started: Date.now(), ...more },
      () => this.#open.delete(step),
      () => (more.where === undefined ? undefined : this.#excerpts(more.where)),
    )
    this.#open.add(step)
    return step
  }

  /** Runs a step to its end, whichever that is. */
  async during<T>(
    name: string,
    work: (step: Step) => Promise<T>,
    more: Pick<StepProgress, 'where' | 'why' | 'instruction'> = {},
  ): Promise<T> {
    const step = this.begin(name, more)
    try {
      const result = await work(step)
      step.end('done')
      return result
    } catch (error) {
      step.fail(error)
      throw error
    }
  }

  /** The steps that have not ended never will. */
  close(): void {
    for (const step of this.#open) step.end('canceled')
  }
}

export class Step {
  readonly #tell: OnBuildEvent
  readonly #ended: () => void
  readonly #excerpt: () => Excerpt | undefined
  #progress: StepProgress

  constructor(tell: OnBuildEvent, progress: StepProgress, ended: () => void, excerpt: () => Excerpt | undefined) {
    this.#tell = tell
    this.#ended = ended
    this.#excerpt = excerpt
    this.#progress = progress
    this.#say({})
  }

  #say(change: Partial<StepProgress>): void {
    this.#progress = { ...this.#progress, ...change }
    this.#tell({ type: 'step', step: this.#progress })
  }

  log(stream: 'stdout' | 'stderr', line: string): void {
    this.#tell({ type: 'log', id: this.#progress.id, stream, line })
  }

  /** Of something that is fetched. @param id what it is; @param current bytes so far */
  transfer(id: string, current: number, total?: number): void {
    if (this.#progress.state !== 'running') return
    const whole = total === undefined ? '' : `/${megabytes(total)}`
    this.#say({
      status: `${id} ${megabytes(current)}${whole}`,
      transfer: { id, current, ...(total !== undefined && { total }) },
    })
  }

  why(why: string): void {
    this.#say({ why })
  }

  /** What the instruction has come to; told with its end. */
  result(id: string): void {
    const { instruction } = this.#progress
    if (instruction) this.#progress = { ...this.#progress, instruction: { ...instruction, result: id.slice(0, 12) } }
  }

  /** Only the first end counts. */
  end(state: 'done' | 'cached' | 'canceled'): void {
    if (this.#progress.state !== 'running') return
    this.#ended()
    this.#say({ state, ended: Date.now() })
  }

  fail(error: unknown): void {
    if (this.#progress.state !== 'running') return
    this.#ended()
    if (error instanceof Error && error.name === 'AbortError') this.#say({ state: 'canceled', ended: Date.now() })
    else {
      const excerpt = this.#excerpt()
      this.#say({ state: 'failed', ended: Date.now(), error: messageOf(error), ...(excerpt && { excerpt }) })
    }
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)}MB`
