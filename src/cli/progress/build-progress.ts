import type { OnBuild } from '../../compose/build/build.ts'
import type { BuildMessage } from '../../engine/api.ts'

/**
 * Shows builds as text, the way BuildKit's plain progress does: `#3 [web 2/4] RUN make`, what the step writes, and how
 * it ended. Every step of every service has a number of its own.
 */
export class BuildProgress {
  readonly #write: (text: string) => void
  readonly #numbers = new Map<string, number>()
  readonly #begun = new Map<string, number>()

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  readonly tell: OnBuild = (service, message) => {
    for (const line of this.#lines(service, message)) this.#write(`${line}\n`)
  }

  #lines(service: string, message: BuildMessage): readonly string[] {
    switch (message.type) {
      case 'image':
        return [` ${service}  Built`]
      case 'warning':
        return [`WARNING: ${message.where ? `${message.where}: ` : ''}${message.message}`]
      case 'log': {
        const key = `${service} ${message.id}`
        const seconds = (Date.now() - (this.#begun.get(key) ?? Date.now())) / 1000
        return [`#${this.#numberOf(key)} ${seconds.toFixed(3)} ${message.line}`]
      }
      case 'step':
        return this.#step(service, message)
    }
  }

  #step(service: string, { step }: Extract<BuildMessage, { type: 'step' }>): readonly string[] {
    // What only changes the image's configuration takes no time, and there is much of it.
    if (step.instruction?.hasLayer === false && step.state !== 'failed') return []
    const key = `${service} ${step.id}`
    const isNew = !this.#begun.has(key)
    const number = this.#numberOf(key)
    if (isNew) this.#begun.set(key, step.started)
    const head = isNew ? [`#${number} ${named(service, step.name)}`] : []
    const why = isNew && step.why !== undefined ? [`#${number} runs because ${step.why}`] : []
    const seconds = (((step.ended ?? step.started) - step.started) / 1000).toFixed(1)
    switch (step.state) {
      case 'running':
        return [...head, ...why]
      case 'cached':
        return [...head, `#${number} CACHED`]
      case 'done':
        return [...head, ...why, `#${number} DONE ${seconds}s`]
      case 'failed':
        return [...head, ...why, `#${number} ERROR: ${step.error ?? 'failed'}`]
      case 'canceled':
        return [...head, `#${number} CANCELED`]
    }
  }

  #numberOf(key: string): number {
    const number = this.#numbers.get(key) ?? this.#numbers.size + 1
    this.#numbers.set(key, number)
    return number
  }
}

/** `[2/4] RUN make` of the service `web` is `[web 2/4] RUN make`. */
const named = (service: string, name: string): string =>
  name.startsWith('[') ? `[${service} ${name.slice(1)}` : `[${service}] ${name}`
