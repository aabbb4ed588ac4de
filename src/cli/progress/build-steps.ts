import { stripVTControlCharacters } from 'node:util'
import type { BuildMessage } from '../../engine/api.ts'

type StepProgress = Extract<BuildMessage, { type: 'step' }>['step']

/** A step of a build, as far as it is, with what it wrote last. */
export interface ShownStep {
  /** Among all steps of all builds, from 1. */
  readonly number: number
  readonly service: string
  progress: StepProgress
  readonly tail: string[]
}

/** Lines that are kept of what a step writes. */
const KEPT = 30

/** What only changes the image's configuration takes no time, and there is much of it. */
export const isShown = ({ instruction, state }: StepProgress): boolean =>
  instruction?.hasLayer !== false || state === 'failed'

/** `[2/4] RUN make` of the service `web` is `[web 2/4] RUN make`. */
export function stepName({ service, progress: { name } }: ShownStep): string {
  if (service === '') return name
  return name.startsWith('[') ? `[${service} ${name.slice(1)}` : `[${service}] ${name}`
}

/** The steps of builds that go on side by side, in the order in which they began. */
export class BuildSteps {
  readonly #steps = new Map<string, ShownStep>()

  get all(): readonly ShownStep[] {
    return [...this.#steps.values()]
  }

  find(service: string, id: number): ShownStep | undefined {
    return this.#steps.get(`${id} ${service}`)
  }

  update(service: string, progress: StepProgress): ShownStep {
    const known = this.find(service, progress.id)
    if (known) {
      known.progress = progress
      return known
    }
    const step = { number: this.#steps.size + 1, service, progress, tail: [] }
    this.#steps.set(`${progress.id} ${service}`, step)
    return step
  }

  /** Control sequences of a terminal are for one that the step has not got. */
  log(service: string, { id, line }: Extract<BuildMessage, { type: 'log' }>): ShownStep | undefined {
    const step = this.find(service, id)
    if (!step) return undefined
    step.tail.push(stripVTControlCharacters(line).replaceAll('\t', '    '))
    if (step.tail.length > KEPT) step.tail.shift()
    return step
  }

  /** Nobody will hear of the end of those that run: the build has been given up. @returns which they are */
  cancelRest(now: number): readonly ShownStep[] {
    const rest = this.all.filter(({ progress }) => progress.state === 'running')
    for (const step of rest) step.progress = { ...step.progress, state: 'canceled', ended: now }
    return rest
  }

  failed(): readonly ShownStep[] {
    return this.all.filter(({ progress }) => progress.state === 'failed')
  }
}

const RULE = '------'

/** What a failed step has written, and where it is in the Dockerfile, as BuildKit shows it. */
export function failureView(step: ShownStep): readonly string[] {
  const { excerpt } = step.progress
  const log = [RULE, ` > ${stepName(step)}:`, ...step.tail, RULE]
  if (!excerpt) return log
  const rule = '-'.repeat(20)
  const lines = excerpt.lines.map(
    ({ number, text, isOf }) => `${String(number).padStart(4)} | ${isOf ? '>>> ' : '    '}${text}`,
  )
  return [...log, excerpt.where, rule, ...lines.map(line => line.trimEnd()), rule]
}
