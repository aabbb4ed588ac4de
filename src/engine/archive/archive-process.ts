import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { TscomposeError } from '../../errors.ts'
import type { ArchiveJob, ArchiveReport } from './protocol.ts'

/** From the sources it is process.ts beside this file; in a bundle, an entry point of its own beside the bundle. */
const program = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './process.ts' : './archive-process.js', import.meta.url),
)

type Failed = Extract<ArchiveReport, { type: 'failed' }>
export type Found = Extract<ArchiveReport, { type: 'found' }>

/** A process that does one job in a container's files (process.ts), seen from the engine. */
export interface ArchiveProcess {
  /** Resolves with what is at the path, of jobs that look or read. */
  readonly found: Promise<Found>
  /** Resolves when the job is done and the process has gone. Rejects as `found` does. */
  readonly done: Promise<void>
  /** What the job writes. Closing it ends the job. */
  readonly output: Readable
}

/**
 * @param input what the job reads; it is read to its end or until the job fails
 * @param failure makes an error of what the process says
 */
export function startArchive(
  job: ArchiveJob,
  failure: (failed: Failed) => TscomposeError,
  input?: Readable,
): ArchiveProcess {
  // Its standard error is ours: there, a crash would show.
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit', 'ipc'], cwd: '/' })
  const [stdin, stdout] = child.stdio as [Writable, Readable, ...unknown[]]
  const found = Promise.withResolvers<Found>()
  const done = Promise.withResolvers<void>()
  // Nobody may be looking at one of them.
  for (const { promise } of [found, done]) promise.catch(() => {})
  const fail = (error: Error) => {
    found.reject(error)
    done.reject(error)
    stdout.destroy(error)
  }

  let last: ArchiveReport | undefined
  child.on('message', (report: ArchiveReport) => {
    last = report
    if (report.type === 'found') found.resolve(report)
  })
  child.on('error', fail)
  // Its last words may come after its end.
  void Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(([[code, killed]]) => {
    if (last?.type === 'done') done.resolve()
    else if (last?.type === 'failed') fail(failure(last))
    else fail(new TscomposeError('ENGINE_FILES_FAILED', `the process that copies files ended: ${killed ?? code}`))
  }, fail)

  for (const stream of [stdin, stdout]) stream.on('error', () => {}) // it has ended early, and tells why
  if (input) input.on('error', () => stdin.destroy()).pipe(stdin)
  else stdin.end()
  stdout.once('close', () => child.kill('SIGKILL')) // nobody reads any more
  child.send(job)
  return { found: found.promise, done: done.promise, output: stdout }
}
