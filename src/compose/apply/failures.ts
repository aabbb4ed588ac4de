import { TscomposeError } from '../../errors.ts'
import { ServiceFailure } from '../diagnosis/service-failure.ts'
import type { Step } from '../plan/plan.ts'
import type { Project } from '../project.ts'

/** An error with the service it happened to, and the place in the file that caused it where that is clear. */
export function inService(error: unknown, step: Step, project: Project | undefined): unknown {
  if (!(error instanceof TscomposeError)) return error
  const service = serviceOf(step)
  if (service === undefined || error instanceof ServiceFailure) return error
  const grant = project && grantOf(project, error.message)
  const message = error.code.startsWith('COMPOSE_')
    ? error.message
    : `service "${service}": ${grant ? `${grant.kind} "${grant.key}": ` : ''}${error.message}`
  const attribute = /^p(?:ull|ush)Image$/.test(step.op) ? '.image' : culprit(error)
  const path = grant ? `${grant.kind}s.${grant.key}.file` : `services.${service}${attribute}`
  const where = error.where ?? project?.origins.get(path)
  const fix = error.fix ?? fixOf(error.message)
  return new ServiceFailure(error.code, message, {
    service,
    ...(where && { where }),
    ...(fix !== undefined && { fix }),
    cause: error,
  })
}

function serviceOf(step: Step): string | undefined {
  if ('container' in step) return step.container.service
  if (step.op === 'pullImage') return step.services[0]
  return 'service' in step ? step.service : undefined
}

/** The attribute an error is about; what is wrong with a request as a whole has its words only. */
const culprit = ({ code, message }: TscomposeError): string =>
  code === 'ENGINE_REQUEST_INVALID'
    ? attributeIn(message, [
        { about: /\bmount\b/, path: '.volumes' },
        { about: /restart policy/, path: '.restart' },
      ])
    : attributeIn(code, [
        { about: /PORT/, path: '.ports' },
        { about: /BIND|MOUNT|VOLUME/, path: '.volumes' },
        { about: /NETWORK_ADDRESS/, path: '.networks' },
        { about: /COMMAND/, path: '.command' },
        { about: /IMAGE/, path: '.image' },
        { about: /USER/, path: '.user' },
      ])

const attributeIn = (text: string, table: readonly { readonly about: RegExp; readonly path: string }[]): string =>
  table.find(({ about }) => about.test(text))?.path ?? ''

/** The secret or config whose file is missing: services mount it, but it stands elsewhere. */
function grantOf({ secrets, configs }: Project, message: string) {
  const missing = /bind source path does not exist: (.*)$/.exec(message)?.[1]
  if (missing === undefined) return undefined
  const entries = [
    ...Object.entries(secrets).map(([key, { file }]) => ({ kind: 'secret', key, file })),
    ...Object.entries(configs).map(([key, { file }]) => ({ kind: 'config', key, file })),
  ]
  return entries.find(({ file }) => file === missing)
}

const fixOf = (message: string): string | undefined =>
  /'[A-Za-z]:[^']*' mount path must be absolute/.test(message)
    ? 'A name of one letter is taken for a drive of Windows, as by docker compose: give the volume a longer one.'
    : undefined
