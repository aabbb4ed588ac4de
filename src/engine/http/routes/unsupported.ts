import { notSupported } from '../../failures.ts'
import { type Method, type Route, route } from '../router.ts'

/** The endpoints of Docker's API 1.47 that the engine does not have yet. */
const endpoints: readonly (readonly [Method, string])[] = [
  ['POST', '/build/cancel'],
  ['GET', '/configs'],
  ['POST', '/configs/create'],
  ['GET', '/configs/{id}'],
  ['DELETE', '/configs/{id}'],
  ['POST', '/configs/{id}/update'],
  ['GET', '/containers/{id}/attach/ws'],
  ['GET', '/containers/{id}/checkpoints'],
  ['POST', '/containers/{id}/checkpoints'],
  ['DELETE', '/containers/{id}/checkpoints/{checkpoint}'],
  ['POST', '/grpc'],
  ['GET', '/nodes'],
  ['GET', '/nodes/{id}'],
  ['DELETE', '/nodes/{id}'],
  ['POST', '/nodes/{id}/update'],
  ['GET', '/plugins/privileges'],
  ['POST', '/plugins/pull'],
  ['POST', '/plugins/create'],
  ['GET', '/plugins/{name}/json'],
  ['DELETE', '/plugins/{name}'],
  ['POST', '/plugins/{name}/{action}'],
  ['GET', '/secrets'],
  ['POST', '/secrets/create'],
  ['GET', '/secrets/{id}'],
  ['DELETE', '/secrets/{id}'],
  ['POST', '/secrets/{id}/update'],
  ['GET', '/services'],
  ['POST', '/services/create'],
  ['GET', '/services/{id}'],
  ['DELETE', '/services/{id}'],
  ['GET', '/services/{id}/logs'],
  ['POST', '/services/{id}/update'],
  ['POST', '/session'],
  ['GET', '/swarm'],
  ['GET', '/swarm/unlockkey'],
  ['POST', '/swarm/init'],
  ['POST', '/swarm/join'],
  ['POST', '/swarm/leave'],
  ['POST', '/swarm/unlock'],
  ['POST', '/swarm/update'],
  ['GET', '/tasks'],
  ['GET', '/tasks/{id}'],
  ['GET', '/tasks/{id}/logs'],
  ['PUT', '/volumes/{name}'],
]

export const unsupportedRoutes: readonly Route[] = endpoints.map(([method, pattern]) =>
  route(method, pattern, () => {
    throw notSupported(`${method} ${pattern}`)
  }),
)
