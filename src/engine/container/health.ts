import { constants } from 'node:os'
import { finished } from 'node:stream/promises'
import { messageOf } from '../../errors.ts'
import type { Health, HealthStatus, ProbeSpec, RunProbe } from '../../health/health.ts'
import { parseProbe } from '../../health/parse.ts'
import { startingHealth, watchHealth } from '../../health/watch.ts'
import type { Context } from '../context.ts'
import { execProcess } from '../exec/process.ts'
import { newId } from '../ids.ts'
import { FrameDecoder } from '../stream-frames.ts'
import type { Container } from './container.ts'
import { emitContainer } from './events.ts'
import type { Run } from './run.ts'
import { saveRun } from './run-record.ts'
import { isServing } from './serving.ts'

/** As much of a probe's output as Docker keeps. */
const OUTPUT_BYTES = 4096

const probeOf = ({ record }: Container): ProbeSpec | undefined =>
  parseProbe(record.config.Healthcheck, record.config.Shell)

/** Probes a container that has just started. */
export function watchContainerHealth(context: Context, container: Container, run: Run): void {
  container.health = probeOf(container) && startingHealth
  probe(context, container, run)
}

/** Goes on probing, after a pause or under a new engine: a container that was healthy stays so until a probe fails. */
export function resumeHealth(context: Context, container: Container, run: Run): void {
  if (probeOf(container)) container.health ??= startingHealth
  probe(context, container, run)
}

/** A container that is paused cannot answer, so nobody asks. */
export function pauseHealth(run: Run): void {
  run.probing?.abort()
}

function probe(context: Context, container: Container, run: Run): void {
  const spec = probeOf(container)
  if (!spec || !container.health) return
  run.probing = new AbortController()
  const signal = AbortSignal.any([run.probing.signal, run.over.signal, context.closing])
  const onChange = (health: Health, previous: HealthStatus) => {
    container.health = health
    if (health.status === previous) return
    emitContainer(context, container, `health_status: ${health.status}`)
    try {
      saveRun(container, run)
    } catch (error) {
      // The next engine would begin where it was before; this one goes on.
      context.report(`health of ${container.name}: ${messageOf(error)}`)
    }
  }
  const resume = { health: container.health, startedAt: run.process.startedAt }
  const serves = () => isServing(container, run)
  watchHealth(spec, probeIn(context, container, run), onChange, signal, resume, serves).catch(error =>
    context.report(`health of ${container.name}: ${messageOf(error)}`),
  )
}

/** Runs a probe as `exec` would run it, and tells of it like of any other. */
const probeIn =
  (context: Context, container: Container, run: Run): RunProbe =>
  async (args, signal) => {
    const execID = newId()
    const tell = (action: string, more = {}) => emitContainer(context, container, action, { execID, ...more })
    tell(`exec_create: ${args.join(' ')}`)
    tell(`exec_start: ${args.join(' ')}`)
    const description = execProcess(context, container, run, { Cmd: [...args] })
    const attach = { stdin: false, stdout: true, stderr: true, closeStdin: false }
    const process = await context.runtime.exec(run.process, description, attach)
    const output = new ProbeOutput()
    process.streams?.on('data', chunk => output.add(chunk)).end()
    const kill = () => void process.kill(constants.signals.SIGKILL)
    signal.addEventListener('abort', kill)
    if (signal.aborted) kill()
    try {
      const [{ exitCode }] = await Promise.all([process.exited, process.streams && finished(process.streams)])
      tell('exec_die', { exitCode: String(exitCode) })
      return { exitCode, output: output.text() }
    } finally {
      signal.removeEventListener('abort', kill)
    }
  }

/** What a probe writes on both streams, cut to a length. */
class ProbeOutput {
  readonly #decoder = new FrameDecoder()
  #kept = Buffer.alloc(0)

  add(chunk: Buffer): void {
    if (this.#kept.length >= OUTPUT_BYTES) return
    const payloads = this.#decoder.push(chunk).map(({ payload }) => payload)
    this.#kept = Buffer.concat([this.#kept, ...payloads]).subarray(0, OUTPUT_BYTES)
  }

  text(): string {
    return this.#kept.toString()
  }
}
