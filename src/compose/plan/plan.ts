import type { ContainerStatus } from '../../engine/api.ts'
import type { ObservedContainer } from './observed.ts'

/** A container as a step names it. Without an id it is one that an earlier step of the same plan creates. */
export interface ContainerRef {
  readonly service: string
  /** The name people see, also while a replacement still has a temporary one. */
  readonly name: string
  readonly id?: string
}

export const refOf = ({ service, name, replaces, id }: ObservedContainer): ContainerRef => ({
  service,
  name: replaces ?? name,
  id,
})

/** An anonymous volume that a replacement takes over from the container it replaces. */
export interface InheritedVolume {
  readonly volume: string
  readonly target: string
}

/** `running_or_healthy` is what `--wait` asks for: running, and healthy if there is a probe. */
export type Condition = 'service_healthy' | 'service_completed_successfully' | 'running_or_healthy'

/** What can be done to the engine, one operation each. Which, and in which order, is decided by the planner alone. */
export type Step =
  | {
      readonly op: 'pullImage'
      readonly image: string
      readonly services: readonly string[]
      readonly required: boolean
      readonly platform?: string
    }
  | { readonly op: 'pushImage'; readonly image: string; readonly service: string; readonly required: boolean }
  | { readonly op: 'createNetwork'; readonly name: string; readonly key: string }
  | { readonly op: 'removeNetwork'; readonly name: string; readonly id: string }
  | { readonly op: 'connectNetwork'; readonly name: string; readonly key: string; readonly container: ContainerRef }
  | { readonly op: 'disconnectNetwork'; readonly name: string; readonly container: ContainerRef }
  | { readonly op: 'createVolume'; readonly name: string; readonly key: string }
  | { readonly op: 'removeVolume'; readonly name: string }
  | CreateContainer
  | { readonly op: 'renameContainer'; readonly container: ContainerRef }
  | { readonly op: 'keepContainer'; readonly container: ContainerRef; readonly state: ContainerStatus }
  | {
      readonly op: 'runPreStart'
      readonly service: string
      /** Of the hook in the service's list. */
      readonly index: number
      /** The service's first container, whose volumes the hook shares. */
      readonly container: ContainerRef
    }
  | { readonly op: 'publishPorts'; readonly container: ContainerRef }
  | { readonly op: 'startContainer'; readonly container: ContainerRef }
  | {
      readonly op: 'stopContainer'
      readonly container: ContainerRef
      readonly timeout?: number
      readonly quiet: boolean
    }
  | { readonly op: 'restartContainer'; readonly container: ContainerRef; readonly timeout?: number }
  | { readonly op: 'killContainer'; readonly container: ContainerRef; readonly signal: string }
  | { readonly op: 'pauseContainer'; readonly container: ContainerRef }
  | { readonly op: 'unpauseContainer'; readonly container: ContainerRef }
  | {
      readonly op: 'removeContainer'
      readonly container: ContainerRef
      readonly volumes: boolean
      readonly quiet: boolean
    }
  | WaitFor
  | { readonly op: 'removeImage'; readonly name: string }
  | { readonly op: 'checkpoint'; readonly name: string }

export interface CreateContainer {
  readonly op: 'createContainer'
  readonly service: string
  readonly number: number
  readonly name: string
  /** The container it takes the place of: until that is gone, the new one has a name made of its id. */
  readonly replaces?: { readonly id: string; readonly name: string }
  readonly inherits: readonly InheritedVolume[]
}

export interface WaitFor {
  readonly op: 'waitFor'
  readonly service: string
  readonly containers: readonly ContainerRef[]
  readonly condition: Condition
  /** Nobody insists on it (`required: false`): a failure is a warning. */
  readonly optional: boolean
  /** With `running_or_healthy`: others wait for this service to complete, so it may have exited with 0. */
  readonly mayComplete: boolean
}

export interface Planned {
  /** From 1; the place in the plan, which is in topological order. */
  readonly id: number
  readonly step: Step
  /** The steps that must have succeeded. */
  readonly after: readonly number[]
  /** Runs also when a step in `after` has failed: the order matters, the success does not (taking down). */
  readonly tolerant: boolean
  readonly why: string
}

export interface Plan {
  readonly steps: readonly Planned[]
  readonly warnings: readonly string[]
}

/** What a step acts on, by its name. */
export function subject(step: Step): string {
  switch (step.op) {
    case 'pullImage':
    case 'pushImage':
      return step.image
    case 'connectNetwork':
    case 'disconnectNetwork':
      return `${step.name} ${step.container.name}`
    case 'waitFor':
      return `${step.service} ${step.condition}`
    case 'runPreStart':
      return `${step.service} ${step.index}`
    case 'createContainer':
    case 'createNetwork':
    case 'removeNetwork':
    case 'createVolume':
    case 'removeVolume':
    case 'removeImage':
    case 'checkpoint':
      return step.name
    default:
      return step.container.name
  }
}

/** The plan as text, a line each: `[1 2] -> #3 startContainer demo-web-1: it has just been created`. */
export function renderPlan({ steps, warnings }: Plan): string {
  const lines = steps.map(({ id, step, after, why }) => {
    const first = after.length > 0 ? `[${after.join(' ')}] -> ` : ''
    return `${first}#${id} ${step.op} ${subject(step)}${flags(step)}: ${why}\n`
  })
  return [...warnings.map(warning => `warning: ${warning}\n`), ...lines].join('')
}

/** What else of a step is a decision: shown, so that golden files pin it down. */
function flags(step: Step): string {
  const words: string[] = []
  if (step.op === 'createContainer') {
    if (step.replaces) words.push(`replacing ${step.replaces.id.slice(0, 12)}`)
    for (const { volume, target } of step.inherits) words.push(`keeping ${volume.slice(0, 12)} on ${target}`)
  }
  if (step.op === 'removeContainer' && step.volumes) words.push('with anonymous volumes')
  if ('timeout' in step && step.timeout !== undefined) words.push(`within ${step.timeout}s`)
  if (step.op === 'waitFor' && step.optional) words.push('if it can be had')
  if (step.op === 'killContainer') words.push(step.signal)
  return words.length > 0 ? ` (${words.join(', ')})` : ''
}
