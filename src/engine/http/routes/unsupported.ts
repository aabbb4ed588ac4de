import { notSupported } from '../../failures.ts'
import { type Method, type Route, route } from '../router.ts'

/** The endpoints of Docker's API that the engine does not have yet. */
const endpoints: readonly (readonly [Method, string])[] = [
  ['GET', '/containers/{id}/checkpoints'],
  ['POST', '/containers/{id}/checkpoints'],
  ['DELETE', '/containers/{id}/checkpoints/{checkpoint}'],
  ['GET', '/plugins/privileges'],
  ['POST', '/plugins/pull'],
  ['POST', '/plugins/create'],
  ['POST', '/swarm/init'],
  ['POST', '/swarm/join'],
]

export const unsupportedRoutes: readonly Route[] = endpoints.map(([method, pattern]) =>
  route(method, pattern, () => {
    throw notSupported(`${method} ${pattern}`)
  }),
)
