import { TscomposeError } from '../../errors.ts'
import type { BuildMessage, JSONMessage } from '../api.ts'

type StepMessage = Extract<BuildMessage, { type: 'step' }>

/** What an instruction has to say, which waits for its turn: stages are built side by side, and told one by one. */
interface Block {
  readonly lines: JSONMessage[]
  isOver: boolean
}

/**
 * What the classic builder says (Engine API, "Build an image"): `Step 1/3 : FROM busybox`, the output, the image. A
 * command that fails has its exit code in `errorDetail`, which is the client's own.
 */
export async function* classicLines(
  messages: AsyncIterable<BuildMessage>,
  quiet: boolean,
): AsyncGenerator<JSONMessage> {
  const story = new Story()
  try {
    for await (const message of messages) {
      if (message.type === 'image') yield* ending(message, quiet)
      else if (!quiet) yield* story.hear(message)
    }
  } catch (error) {
    yield* story.rest()
    const code = exitCodeOf(error)
    if (code === undefined) throw error
    const text = (error as TscomposeError).message.replace(
      /^process "(.*)" did not complete successfully: exit code: (\d+)/s,
      "The command '$1' returned a non-zero code: $2",
    )
    yield { errorDetail: { code, message: text }, error: text } as JSONMessage
  }
}

function* ending({ id, names }: Extract<BuildMessage, { type: 'image' }>, quiet: boolean): Generator<JSONMessage> {
  yield { aux: { ID: id } }
  if (quiet) return yield { stream: `${id}\n` }
  yield { stream: `Successfully built ${id.replace('sha256:', '').slice(0, 12)}\n` }
  for (const name of names) yield { stream: `Successfully tagged ${withTag(name)}\n` }
}

/** Steps in the order of the Dockerfile, each as soon as those before it are over. */
class Story {
  readonly #blocks = new Map<number, Block>()
  /** By the ids of steps. */
  readonly #numbers = new Map<number, number>()
  #turn = 1
  #failed = Number.POSITIVE_INFINITY

  hear(message: Exclude<BuildMessage, { type: 'image' }>): Iterable<JSONMessage> {
    if (message.type === 'warning') return [{ stream: `[Warning] ${message.message}\n` }]
    if (message.type === 'step') this.#step(message)
    else this.#blocks.get(this.#numbers.get(message.id) ?? 0)?.lines.push({ stream: `${message.line}\n` })
    return this.#ready()
  }

  #step({ step: { id, instruction, state, why } }: StepMessage): void {
    if (!instruction) return
    const { number, of, text, hasLayer, result } = instruction
    const block: Block = this.#blocks.get(number) ?? { lines: [], isOver: false }
    const say = (stream: string) => block.lines.push({ stream })
    if (!this.#numbers.has(id)) {
      this.#numbers.set(id, number)
      this.#blocks.set(number, block)
      say(`Step ${number}/${of} : ${text}\n`)
      if (why !== undefined) say(` ---> Runs because ${why}\n`)
    }
    if (state === 'running') return
    const isFrom = /^FROM\b/i.test(text)
    if (hasLayer && !isFrom && state === 'cached') say(' ---> Using cache\n')
    // `FROM scratch` is nothing yet.
    if (result !== undefined && (state === 'cached' || state === 'done')) say(` ---> ${result}\n`)
    if (state === 'failed') this.#failed = number
    block.isOver = state === 'cached' || state === 'done'
  }

  *#ready(): Generator<JSONMessage> {
    for (;;) {
      const block = this.#blocks.get(this.#turn)
      if (!block) return
      yield* block.lines.splice(0)
      if (!block.isOver) return
      this.#turn++
    }
  }

  /** When a step has failed, some of those before it may never have their turn, and those behind it do not matter. */
  *rest(): Generator<JSONMessage> {
    const left = [...this.#blocks].filter(([number]) => number <= this.#failed).sort(([a], [b]) => a - b)
    for (const [, { lines }] of left) yield* lines.splice(0)
  }
}

const withTag = (name: string): string => (/:[^/]+$/.test(name) ? name : `${name}:latest`)

function exitCodeOf(error: unknown): number | undefined {
  if (!(error instanceof TscomposeError) || error.code !== 'BUILD_STEP_FAILED') return undefined
  const [, code] = /exit code: (\d+)/.exec(error.message) ?? []
  return code === undefined ? undefined : Number(code)
}
