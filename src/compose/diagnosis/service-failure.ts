import { type ErrorCode, type More, renderError, TscomposeError } from '../../errors.ts'

/** What decided that a service failed: a word for the kind of thing, and what it says. */
export interface Fact {
  readonly name: 'why' | 'probe' | 'output'
  readonly lines: readonly string[]
}

/** Why a service failed. It reads as lines beneath the message, and as fields of one JSON object. */
export interface Diagnosis {
  readonly facts: readonly Fact[]
  /** Who could not start because of it, the nearest first: `api (service_healthy)`, `web (through api)`. */
  readonly waiting: readonly string[]
}

/** The container that failed. */
export interface FailedContainer {
  readonly id: string
  readonly name: string
}

/** The failure of one service. Whoever carries out a plan looks into it, and adds the diagnosis. */
export class ServiceFailure extends TscomposeError {
  readonly service: string
  readonly container: FailedContainer | undefined
  readonly diagnosis: Diagnosis | undefined

  constructor(
    code: ErrorCode,
    message: string,
    more: More & {
      readonly service: string
      readonly container?: FailedContainer | undefined
      readonly diagnosis?: Diagnosis
    },
  ) {
    super(code, message, more)
    this.service = more.service
    this.container = more.container
    this.diagnosis = more.diagnosis
  }
}

/**
 * The message as that of any error, and what is known about it:
 * ```
 * dependency failed to start: container demo-db-1 is unhealthy [COMPOSE_SERVICE_UNHEALTHY]
 *   why:     3 probes in a row failed, the last one with exit code 1: pg_isready
 *   probe:   /tmp:5432 - no response
 *   waiting: api (service_healthy), web (through api)
 * ```
 */
export function renderServiceFailure(failure: ServiceFailure): string {
  const { facts, waiting } = failure.diagnosis ?? { facts: [], waiting: [] }
  const all = [...facts, ...(waiting.length > 0 ? [{ name: 'waiting', lines: [waiting.join(', ')] }] : [])]
  const lines = all.flatMap(({ name, lines }) =>
    lines.map((line, i) => `  ${(i === 0 ? `${name}:` : '').padEnd(9)}${line}`.trimEnd()),
  )
  return [renderError(failure), ...lines].join('\n')
}

/** For programs: `code` is stable, the texts are not. */
export function serviceFailureJson({ service, container, diagnosis }: ServiceFailure): Record<string, unknown> {
  const facts = Object.fromEntries((diagnosis?.facts ?? []).map(({ name, lines }) => [name, lines.join('\n')]))
  return { service, container: container?.name, ...facts, waiting: diagnosis?.waiting ?? [] }
}
