import { constants } from 'node:os'
import type { ContainerInspect } from '../../engine/api.ts'
import type { ErrorCode } from '../../errors.ts'
import type { Fact } from './service-failure.ts'

/** The codes of a container that did not get to where it should. */
export type CauseCode = Extract<
  ErrorCode,
  | 'COMPOSE_SERVICE_CRASH_LOOP'
  | 'COMPOSE_SERVICE_EXITED'
  | 'COMPOSE_SERVICE_OUT_OF_MEMORY'
  | 'COMPOSE_SERVICE_NO_HEALTHCHECK'
  | 'COMPOSE_SERVICE_UNHEALTHY'
>

/** What of an inspected container a judgement is made of. */
export type Inspected = Pick<ContainerInspect, 'State' | 'RestartCount' | 'HostConfig' | 'Config'>

/** The attribute of the service where a remedy most likely is. */
export const attributeOf: Record<CauseCode, string> = {
  COMPOSE_SERVICE_CRASH_LOOP: '.command',
  COMPOSE_SERVICE_EXITED: '.command',
  COMPOSE_SERVICE_OUT_OF_MEMORY: '.mem_limit',
  COMPOSE_SERVICE_NO_HEALTHCHECK: '.healthcheck',
  COMPOSE_SERVICE_UNHEALTHY: '.healthcheck',
}

/** The facts that the engine's description of a container holds. Pure. */
export function factsOf(code: CauseCode, inspected: Inspected): Fact[] {
  switch (code) {
    case 'COMPOSE_SERVICE_UNHEALTHY':
      return probeFacts(inspected)
    case 'COMPOSE_SERVICE_NO_HEALTHCHECK':
      return [why('neither the service nor its image has a healthcheck, so it can never become healthy')]
    case 'COMPOSE_SERVICE_OUT_OF_MEMORY':
      return [why(memoryText(inspected))]
    case 'COMPOSE_SERVICE_CRASH_LOOP': {
      const times = inspected.RestartCount
      return [why(`it ended ${times} times in a row, the last time ${endText(inspected)}`)]
    }
    case 'COMPOSE_SERVICE_EXITED':
      return [why(`it ended ${endText(inspected)}`)]
  }
}

const why = (text: string): Fact => ({ name: 'why', lines: [text] })

/** `with exit code 137 (SIGKILL) after 1.5s`. */
function endText({ State: { ExitCode, StartedAt, FinishedAt } }: Inspected): string {
  const seconds = (Date.parse(FinishedAt) - Date.parse(StartedAt)) / 1000
  const after = seconds >= 0 ? ` after ${seconds.toFixed(1)}s` : ''
  const meaning = meaningOf(ExitCode)
  return `with exit code ${ExitCode}${meaning === undefined ? '' : ` (${meaning})`}${after}`
}

/** What a shell means by an exit code. */
function meaningOf(exitCode: number): string | undefined {
  if (exitCode === 126) return 'its program may not be executed'
  if (exitCode === 127) return 'a program was not found'
  return Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0]
}

function memoryText({ State, HostConfig }: Inspected): string {
  const Memory = HostConfig.Memory ?? 0
  const limit = Memory > 0 ? ` of its limit of ${mebibytes(Memory)}` : ''
  const had = State.MemoryPeak === undefined ? '' : `: it had ${mebibytes(State.MemoryPeak)}${limit}`
  return `the kernel killed it for want of memory${had || limit.replace(' of', ':')}`
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)}MiB`

type Probed = Pick<NonNullable<NonNullable<Inspected['State']['Health']>['Log']>[number], 'ExitCode' | 'Output'>

/** Docker has one mark for a probe that did not end in time and one that could not begin; the output tells which. */
function probeEnd({ ExitCode, Output }: Probed): string {
  if (ExitCode >= 0) return `failed with exit code ${ExitCode}`
  return Output.startsWith('Health check exceeded timeout') ? 'timed out' : 'could not be run'
}

function probesText(streak: number, last: Probed | undefined): string {
  if (streak === 1) return `the probe ${last ? probeEnd(last) : 'failed'}`
  return `${streak} probes in a row failed${last ? `, the last one ${probeEnd(last).replace('failed ', '')}` : ''}`
}

function probeFacts({ State, Config }: Inspected): Fact[] {
  const { FailingStreak = 0, Log = [] } = State.Health ?? {}
  const last = Log.at(-1)
  const [form, ...args] = Config.Healthcheck?.Test ?? []
  const test = form?.startsWith('CMD') ? `: ${args.join(' ')}` : ''
  const said = (last?.Output ?? '').trim()
  return [
    why(`${probesText(FailingStreak, last)}${test}`),
    ...(said === '' ? [] : [{ name: 'probe', lines: said.split('\n').slice(-5) } as const]),
  ]
}
