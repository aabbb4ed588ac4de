import type { EventMessage } from '../../api.ts'
import { invalid } from '../../failures.ts'
import { CONTENT_TYPE } from '../../metrics/exposition.ts'
import { diskUsageTypes } from '../../system/disk-usage.ts'
import { type Answer, json } from '../answer.ts'
import { API_VERSION } from '../api-version.ts'
import { defined } from '../query.ts'
import { type Call, type Route, route } from '../router.ts'
import { withVirtualSize } from '../versions/images.ts'
import { infoFor } from '../versions/info.ts'

async function ping({ engine }: Call): Promise<Answer> {
  await engine.systemPing()
  const headers = {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    Pragma: 'no-cache',
    // What `docker build` goes by: 2 means BuildKit.
    'Builder-Version': '2',
    Swarm: 'inactive',
  }
  return { kind: 'text', text: 'OK', headers }
}

async function diskUsage({ engine, query, minor }: Call): Promise<Answer> {
  const types = query.all('type').map(text => {
    const type = diskUsageTypes.find(known => known === text)
    if (!type) throw invalid(`unknown object type: ${text}`)
    return type
  })
  const { Images, ...usage } = await engine.systemDataUsage(types.length > 0 ? { types } : {})
  return json({ ...usage, Images: Images?.map(image => withVirtualSize(minor, image)) ?? null })
}

async function* withLegacyFields(events: AsyncIterable<EventMessage>): AsyncGenerator<object> {
  for await (const event of events) {
    // The names of before 1.22, which docker-py's users and others still read.
    const { Type, Action, Actor } = event
    const from = Type === 'container' ? Actor.Attributes.image : undefined
    const legacy =
      Type === 'container' || Type === 'image' ? { status: Action, id: Actor.ID, ...defined({ from }) } : {}
    yield { ...legacy, ...event }
  }
}

export const systemRoutes: readonly Route[] = [
  route('GET', '/_ping', ping),
  route('HEAD', '/_ping', ping),
  route('GET', '/version', async ({ engine }) => json({ ...(await engine.systemVersion()), ApiVersion: API_VERSION })),
  route('GET', '/info', async ({ engine, minor }) => json(infoFor(minor, await engine.systemInfo()))),
  route('GET', '/system/df', diskUsage),
  route('GET', '/plugins', () => json([])), // what looks for some must not fail
  route('GET', '/metrics', async ({ engine }) => ({
    kind: 'text',
    text: await engine.systemMetrics(),
    headers: { 'Content-Type': CONTENT_TYPE },
  })),
  route('GET', '/events', async ({ engine, query, signal }) => {
    const options = defined({ since: query.text('since'), until: query.text('until'), filters: query.filters() })
    return { kind: 'lines', lines: withLegacyFields(await engine.systemEvents(options, signal)), atOnce: true }
  }),
]
