import type { EngineProcess, EngineStatus } from '../../engine-status.ts'
import { json } from '../answer.ts'
import { type Route, route } from '../router.ts'

/** What Docker's API lacks: the process of the engine itself. */
export const processRoutes = (host: EngineProcess): readonly Route[] => [
  route('GET', '/tscompose/engine', async ({ engine }) => {
    const containersRunning = (await engine.containerList()).length
    return json({ ...host.describe(), containersRunning } satisfies EngineStatus)
  }),
  route('POST', '/tscompose/engine/stop', ({ query }) => {
    host.stop(query.boolean('containers') ? 'end' : 'go on')
    // The end of the process ends the connection, and so tells the client that it is gone.
    return { kind: 'later', value: new Promise(() => undefined) }
  }),
]
