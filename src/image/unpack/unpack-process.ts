import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { TscomposeError } from '../../errors.ts'
import type { FromUnpacker, ToUnpacker } from './protocol.ts'

/** From the sources it is process.ts beside this file; in a bundle, an entry point of its own beside the bundle. */
const program = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './process.ts' : './unpack-process.js', import.meta.url),
)

/** A process that unpacks layers (process.ts), seen from the engine. */
export class UnpackProcess {
  readonly #child: ChildProcess
  #answer: PromiseWithResolvers<FromUnpacker> | undefined
  #onProgress: (current: number) => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #onEnd: () => void = () => {}
  #ended = false

  constructor() {
    // It says everything over the channel. Its standard error is ours: there, a crash would show.
    this.#child = spawn(process.execPath, ['--expose-gc', program], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      cwd: '/',
    })
    this.#child.on('message', message => this.#hear(message as FromUnpacker))
    this.#child.on('error', error => this.#end(error))
    this.#child.on('exit', (code, signal) => this.#end(new Error(signal ?? `exit code ${code}`)))
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Gives it a job; an answer comes in any case. */
  async run(job: ToUnpacker, onProgress: (current: number) => void): Promise<FromUnpacker> {
    if (this.#ended) throw ended('before its job')
    const answer = Promise.withResolvers<FromUnpacker>()
    this.#answer = answer
    this.#onProgress = onProgress
    this.tell(job)
    return await answer.promise
  }

  tell(message: ToUnpacker): void {
    if (this.#ended) return // whoever waits has been told
    this.#child.send(message, error => {
      if (error) this.#end(error)
    })
  }

  /** Ends it in the middle of its job. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Keeps our own process alive until it rests. */
  use(): void {
    clearTimeout(this.#timer)
    this.#onEnd = () => {}
    this.#child.ref()
    this.#child.channel?.ref()
  }

  /** Ends it after a while in which it was not used, and tells when it ends. */
  rest(ms: number, onEnd: () => void): void {
    this.#onEnd = onEnd
    this.#child.unref()
    this.#child.channel?.unref()
    this.#timer = setTimeout(() => this.#end(), ms).unref()
  }

  #hear(message: FromUnpacker): void {
    if (message.type === 'progress') {
      this.#onProgress(message.current)
      return
    }
    const answer = this.#answer
    this.#answer = undefined
    if (message.type === 'failed') answer?.reject(new TscomposeError(message.code, message.message))
    else answer?.resolve(message)
  }

  #end(cause?: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#answer?.reject(ended(cause?.message ?? 'as it was idle', cause))
    this.#answer = undefined
    this.#onEnd()
    if (this.#child.connected) this.#child.disconnect()
  }
}

const ended = (why: string, cause?: Error) =>
  new TscomposeError('IMAGE_UNPACK_FAILED', `the process that unpacks layers ended: ${why}`, { cause })
