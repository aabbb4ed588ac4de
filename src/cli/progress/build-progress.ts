import type { OnBuild } from '../../compose/build/build.ts'
import type { BuildMessage } from '../../engine/api.ts'
import { BuildSteps, failureView, isShown, type ShownStep, stepName } from './build-steps.ts'

/**
 * Shows builds as text, the way BuildKit's plain progress does: `#3 [web 2/4] RUN make`, what the step writes, and how
 * it ended, in a block of lines. Every step of every service has a number of its own; where another one has something to
 * say in between, its block begins anew.
 */
export class BuildProgress {
  readonly #write: (text: string) => void
  readonly #steps = new BuildSteps()
  #last: ShownStep | undefined

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  readonly tell: OnBuild = (service, message) => {
    for (const line of this.#lines(service, message)) this.#write(`${line}\n`)
  }

  /** What remains to be said when all is over: how it came to what failed. */
  close(): void {
    for (const step of this.#steps.cancelRest(Date.now()))
      for (const line of [...this.#head(step), `#${step.number} CANCELED`]) this.#write(`${line}\n`)
    for (const step of this.#steps.failed()) for (const line of failureView(step)) this.#write(`${line}\n`)
  }

  #lines(service: string, message: BuildMessage): readonly string[] {
    switch (message.type) {
      case 'image':
        return service === '' ? [] : ['', ` Image ${message.names[0] ?? service} Built`]
      case 'warning':
        return [`WARNING: ${message.where ? `${message.where}: ` : ''}${message.message}`]
      case 'log': {
        const step = this.#steps.log(service, message)
        if (!step) return []
        const seconds = ((Date.now() - step.progress.started) / 1000).toFixed(3)
        return [...this.#head(step), `#${step.number} ${seconds} ${message.line}`]
      }
      case 'step':
        return this.#step(service, message)
    }
  }

  #step(service: string, { step: progress }: Extract<BuildMessage, { type: 'step' }>): readonly string[] {
    if (!isShown(progress)) return []
    const isNew = !this.#steps.find(service, progress.id)
    const step = this.#steps.update(service, progress)
    const why = isNew && progress.why !== undefined ? [`#${step.number} runs because ${progress.why}`] : []
    const seconds = (((progress.ended ?? progress.started) - progress.started) / 1000).toFixed(1)
    const end = {
      running: [],
      cached: [`#${step.number} CACHED`],
      done: [`#${step.number} DONE ${seconds}s`],
      failed: [`#${step.number} ERROR: ${progress.error ?? 'failed'}`],
      canceled: [`#${step.number} CANCELED`],
    }[progress.state]
    if (!isNew && end.length === 0) return []
    return [...this.#head(step), ...why, ...end]
  }

  /** The first line of a block, and a gap before it. */
  #head(step: ShownStep): readonly string[] {
    const last = this.#last
    this.#last = step
    if (last === step) return []
    const left = last?.progress.state === 'running' ? [`#${last.number} ...`] : []
    return [...left, ...(last ? [''] : []), `#${step.number} ${stepName(step)}`]
  }
}
