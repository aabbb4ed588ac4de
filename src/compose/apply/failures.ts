import { TscomposeError } from '../../errors.ts'
import { ServiceFailure } from '../diagnosis/service-failure.ts'
import type { Step } from '../plan/plan.ts'
import type { Project } from '../project.ts'

/** An error with the service it happened to, and the place in the file that caused it where that is clear. */
export function inService(error: unknown, step: Step, project: Project | undefined): unknown {
  if (!(error instanceof TscomposeError)) return error
  const service = serviceOf(step)
  if (service === undefined || error instanceof ServiceFailure) return error
  const message = error.code.startsWith('COMPOSE_') ? error.message : `service "${service}": ${error.message}`
  const where =
    error.where ??
    project?.origins.get(`services.${service}${/^p(?:ull|ush)Image$/.test(step.op) ? '.image' : culprit(error.code)}`)
  return new ServiceFailure(error.code, message, {
    service,
    ...(where && { where }),
    ...(error.fix !== undefined && { fix: error.fix }),
    cause: error,
  })
}

function serviceOf(step: Step): string | undefined {
  if ('container' in step) return step.container.service
  if (step.op === 'pullImage') return step.services[0]
  return 'service' in step ? step.service : undefined
}

/** The attribute an error is about. */
const culprit = (code: string): string =>
  [
    { about: /PORT/, path: '.ports' },
    { about: /BIND|MOUNT|VOLUME/, path: '.volumes' },
    { about: /COMMAND/, path: '.command' },
    { about: /IMAGE/, path: '.image' },
    { about: /USER/, path: '.user' },
  ].find(({ about }) => about.test(code))?.path ?? ''
