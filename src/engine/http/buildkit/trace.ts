import { createHash } from 'node:crypto'
import { stripVTControlCharacters } from 'node:util'
import { messageOf } from '../../../errors.ts'
import type { BuildMessage } from '../../api.ts'
import type { statusResponse, timestamp, vertexStatus } from './messages/control.ts'
import type { Written } from './rpc/protobuf.ts'
import type { ErrorDetail } from './rpc/status.ts'

export type Status = Written<typeof statusResponse>
type StepProgress = Extract<BuildMessage, { type: 'step' }>['step']
type Warning = Extract<BuildMessage, { type: 'warning' }>
type Excerpt = NonNullable<StepProgress['excerpt']>

/**
 * Tells a build in BuildKit's terms: steps are vertices of a graph, known by digests. Only that these differ from build to
 * build and from step to step matters to those who show them.
 */
export class Trace {
  readonly #ref: string
  /** What a step fetches, as it was told last. */
  readonly #transfers = new Map<number, Written<typeof vertexStatus>>()
  #excerpt: Excerpt | undefined

  constructor(ref: string) {
    this.#ref = ref
  }

  /** @returns undefined if nobody is to be told */
  tell(message: BuildMessage): Status | undefined {
    switch (message.type) {
      case 'step':
        return this.#step(message.step)
      case 'log':
        return this.#log(message.id, message.stream, message.line)
      case 'warning':
        return this.#warning(message)
      case 'image':
        return undefined
    }
  }

  /** The place in the Dockerfile that a failed build has failed at. */
  get details(): readonly ErrorDetail[] {
    return this.#excerpt ? [sourceOf(this.#excerpt)] : []
  }

  /** A step that is not the builder's. */
  async *during(name: string, work: Promise<void>): AsyncGenerator<Status> {
    work.catch(() => {}) // whoever is told may have left before its end
    const vertex = { digest: this.#digest(0), name, started: timeOf(Date.now()) }
    yield { vertexes: [vertex] }
    try {
      await work
    } catch (error) {
      yield { vertexes: [{ ...vertex, completed: timeOf(Date.now()), error: messageOf(error) }] }
      throw error
    }
    yield { vertexes: [{ ...vertex, completed: timeOf(Date.now()) }] }
  }

  #step(step: StepProgress): Status | undefined {
    const { id, name, state, started, ended, error, excerpt, instruction, transfer } = step
    if (excerpt) this.#excerpt = excerpt
    // What only changes the image's configuration takes no time, and there is much of it.
    if (instruction?.hasLayer === false && state !== 'failed') return undefined
    const digest = this.#digest(id)
    const problem = state === 'canceled' ? 'context canceled' : state === 'failed' ? (error ?? 'failed') : undefined
    const statuses = this.#transfer(id, transfer, ended) ?? this.#reason(step)
    const vertex = {
      digest,
      name,
      started: timeOf(started),
      ...(ended !== undefined && { completed: timeOf(ended) }),
      ...(state === 'cached' && { cached: true }),
      ...(problem !== undefined && { error: problem }),
    }
    return { vertexes: [vertex], ...(statuses && { statuses }) }
  }

  /** Why it was not taken from the cache, when it begins. */
  #reason({ id, state, started, why }: StepProgress): Status['statuses'] | undefined {
    if (state !== 'running' || why === undefined) return undefined
    const time = timeOf(started)
    const vertex = this.#digest(id)
    return [{ ID: `runs because ${why}`, vertex, timestamp: time, started: time, completed: time }]
  }

  #transfer(id: number, transfer: StepProgress['transfer'], ended: number | undefined): Status['statuses'] | undefined {
    const before = this.#transfers.get(id)
    if (!transfer) return undefined
    const now = timeOf(Date.now())
    const status: Written<typeof vertexStatus> = {
      ID: transfer.id,
      vertex: this.#digest(id),
      current: transfer.current,
      total: transfer.total ?? 0,
      timestamp: now,
      started: before?.ID === transfer.id && before.started ? before.started : now,
    }
    this.#transfers.set(id, status)
    const isOther = before && before.ID !== transfer.id
    const over = ended === undefined ? status : { ...status, completed: now }
    return isOther ? [{ ...before, completed: now }, over] : [over]
  }

  #log(id: number, stream: 'stdout' | 'stderr', line: string): Status {
    const msg = Buffer.from(`${line}\n`)
    const log = { vertex: this.#digest(id), timestamp: timeOf(Date.now()), stream: stream === 'stdout' ? 1 : 2, msg }
    return { logs: [log] }
  }

  /** On the first step, which reads the Dockerfile. */
  #warning({ rule, message, where }: Warning): Status {
    const line = /:(\d+)$/.exec(where ?? '')?.[1]
    const text = `${rule === undefined ? '' : `${rule}: `}${message}${line === undefined ? '' : ` (line ${line})`}`
    return { warnings: [{ vertex: this.#digest(1), level: 1, short: Buffer.from(stripVTControlCharacters(text)) }] }
  }

  #digest(id: number): string {
    return `sha256:${createHash('sha256').update(`${this.#ref} ${id}`).digest('hex')}`
  }
}

export const timeOf = (milliseconds: number): Written<typeof timestamp> => {
  const seconds = Math.floor(milliseconds / 1000)
  return { seconds: BigInt(seconds), nanos: Math.round((milliseconds - seconds * 1000) * 1e6) }
}

/** BuildKit's clients show the lines from a copy of the file: of what they do not show, there is only that it is there. */
function sourceOf({ where, lines }: Excerpt): ErrorDetail {
  const first = lines[0]?.number ?? 1
  const text = '\n'.repeat(first - 1) + lines.map(({ text }) => text).join('\n')
  const own = lines.filter(({ isOf }) => isOf).map(({ number }) => number)
  return {
    type: 'github.com/moby/buildkit/errdefs.Source+json',
    value: {
      info: { filename: where.replace(/:\d+$/, ''), data: Buffer.from(text).toString('base64') },
      ranges: [{ start: { line: own[0] ?? first }, end: { line: own.at(-1) ?? first } }],
    },
  }
}
