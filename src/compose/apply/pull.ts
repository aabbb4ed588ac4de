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
  const parentId = `Image ${image}`
  report({ id: parentId, text: 'Pulling', status: 'working' })
  const messages = await engine.imagePull(image, platform === undefined ? {} : { platform }, signal)
  for await (const message of messages) {
    const part = layerEvent(message)
    if (part) report({ ...part, parentId })
  }
  report({ id: parentId, text: 'Pulled', status: 'done' })
}

/** Messages with an id are about layers; the others tell the digest and the end, which is told anyway. */
function layerEvent({ id, status = '', progressDetail }: JSONMessage) {
  if (id === undefined || status.startsWith('Pulling from')) return undefined
  const { current, total } = progressDetail ?? {}
  return {
    id,
    text: status,
    status: /^(Pull complete|Already exists)$/.test(status) ? ('done' as const) : ('working' as const),
    ...(current !== undefined && { current }),
    ...(total !== undefined && { total }),
  }
}
