import type { Engine, JSONMessage } from '../../engine/api.ts'
import type { Step } from '../plan/plan.ts'
import type { Report } from './report.ts'

/** Fetches an image and reports its layers as parts of it. */
export async function pullImage(
  engine: Engine,
  { image, platform }: Extract<Step, { op: 'pullImage' }>,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { loginFor } = await registries()
  const options = { ...(await loginFor(image, signal)), ...(platform !== undefined && { platform }) }
  const pull = async () => await engine.imagePull(image, options, signal)
  await transfer(image, 'Pulling', 'Pulled', pull, report)
}

/** Sends an image to its registry. */
export async function pushImage(
  engine: Engine,
  { image }: Extract<Step, { op: 'pushImage' }>,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { loginFor, splitTag } = await registries()
  const { repository, tag = 'latest' } = splitTag(image)
  const options = { ...(await loginFor(image, signal)), tag }
  const push = async () => await engine.imagePush(repository, options, signal)
  await transfer(image, 'Pushing', 'Pushed', push, report)
}

/** Only who transfers something pays for it. */
const registries = () => import('../../engine/client/registries.ts')

async function transfer(
  image: string,
  before: string,
  after: string,
  begin: () => Promise<AsyncIterable<JSONMessage>>,
  report: Report,
): Promise<void> {
  const parentId = `Image ${image}`
  report({ id: parentId, text: before, status: 'working' })
  for await (const message of await begin()) {
    const part = layerEvent(message)
    if (part) report({ ...part, parentId })
  }
  report({ id: parentId, text: after, status: 'done' })
}

/** Messages with an id are about layers; the others tell the digest and the end, which is told anyway. */
function layerEvent({ id, status = '', progressDetail }: JSONMessage) {
  if (id === undefined || status.startsWith('Pulling from')) return undefined
  const { current, total } = progressDetail ?? {}
  const isDone = /^(Pull complete|Already exists|Pushed|Layer already exists|Mounted from .*)$/.test(status)
  return {
    id,
    text: status,
    status: isDone ? ('done' as const) : ('working' as const),
    ...(current !== undefined && { current }),
    ...(total !== undefined && { total }),
  }
}
