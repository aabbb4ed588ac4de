import { Duplex, PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '../../errors.ts'
import type { AttachStreams } from '../../runtime/runtime.ts'
import type { AttachOptions } from '../api.ts'
import type { Context } from '../context.ts'
import { isRestarting, stateConflict } from '../failures.ts'
import { timestamp } from '../time.ts'
import type { Container } from './container.ts'
import { emitContainer } from './events.ts'
import { containerLogs } from './logs.ts'
import type { Run } from './run.ts'

/** A client that attached before the start: it gets what the program writes from the first byte on. */
export class WaitingClient {
  readonly streams: AttachStreams
  readonly client: Duplex
  readonly #input = new PassThrough()
  readonly #output = new PassThrough()

  constructor(streams: AttachStreams) {
    this.streams = streams
    this.client = Duplex.from({ writable: this.#input, readable: this.#output })
    this.client.on('error', () => {}) // a client that goes away is no concern of the container
  }

  connect(process: Duplex): void {
    // Either side may go away at any time; what is left of the other is ended by that.
    pipeline(this.#input, process, { end: true }).catch(() => {})
    pipeline(process, this.#output).catch(() => {})
  }

  end(): void {
    this.#output.end()
  }
}

/** Joins the streams of a container; of one that does not run yet, of its next run. */
export async function attachContainer(context: Context, container: Container, options: AttachOptions): Promise<Duplex> {
  const { state, id, record, run } = container
  if (state.status === 'paused') throw stateConflict(`container ${id} is paused, unpause the container before attach`)
  if (state.status === 'restarting') throw isRestarting(id)
  emitContainer(context, container, 'attach')
  const streams: AttachStreams = {
    stdin: options.stdin === true && record.config.OpenStdin === true,
    stdout: options.stdout === true,
    stderr: options.stderr === true,
    closeStdin: record.config.StdinOnce === true,
  }
  const stream = options.stream !== false
  if (!options.logs) return stream ? await join(container, run, streams) : ended()
  const live = stream ? await join(container, run, streams) : ended()
  // What comes from now on comes on the live stream, and only there.
  const until = timestamp()
  const past = containerLogs(container, { stdout: streams.stdout, stderr: streams.stderr, until })
  return after(past, live)
}

async function join(container: Container, run: Run | undefined, streams: AttachStreams): Promise<Duplex> {
  if (run) return await run.process.attach(streams)
  const waiting = new WaitingClient(streams)
  container.waiting.add(waiting)
  waiting.client.once('close', () => container.waiting.delete(waiting))
  return waiting.client
}

function ended(): Duplex {
  const stream = new PassThrough()
  stream.end()
  return stream
}

/** `past` and then what `live` brings; what is written goes to `live`. */
function after(past: AsyncIterable<Uint8Array>, live: Duplex): Duplex {
  async function* both() {
    yield* past
    yield* live
  }
  return Duplex.from({ readable: Duplex.from(both()), writable: live })
}

/** The streams that the launch of a container is to join: one for all those who wait. */
export function earlyStreams({ waiting }: Container): AttachStreams | undefined {
  const [first] = waiting
  return first?.streams
}

/** Gives those who waited for the start their streams. */
export function connectWaiting(context: Context, container: Container, run: Run): void {
  let early = run.process.streams
  for (const client of container.waiting) {
    const streams = early ? Promise.resolve(early) : run.process.attach(client.streams)
    early = undefined
    streams
      .then(process => client.connect(process))
      .catch(error => context.report(`attach to ${container.name}: ${messageOf(error)}`))
  }
  container.waiting.clear()
}

/** A container that never starts ends the streams of those who waited for it. */
export function dismissWaiting({ waiting }: Container): void {
  for (const client of waiting) client.end()
  waiting.clear()
}
