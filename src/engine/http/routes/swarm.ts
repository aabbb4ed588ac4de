import { TscomposeError } from '../../../errors.ts'
import { type Method, type Route, route } from '../router.ts'

/**
 * What a Docker that is in no swarm and has no plugins answers: tools ask for both to find out, and must not take it for
 * a failure of the engine.
 */
const ofManagers: readonly (readonly [Method, string])[] = [
  ['GET', '/swarm'],
  ['GET', '/swarm/unlockkey'],
  ['POST', '/swarm/unlock'],
  ['POST', '/swarm/update'],
  ...['configs', 'secrets', 'services'].flatMap((objects): (readonly [Method, string])[] => [
    ['GET', `/${objects}`],
    ['GET', `/${objects}/{id}`],
    ['POST', `/${objects}/create`],
    ['POST', `/${objects}/{id}/update`],
    ['DELETE', `/${objects}/{id}`],
  ]),
  ['GET', '/nodes'],
  ['GET', '/nodes/{id}'],
  ['POST', '/nodes/{id}/update'],
  ['DELETE', '/nodes/{id}'],
  ['GET', '/tasks'],
  ['GET', '/tasks/{id}'],
]

const noSwarm = (message: string) => () => {
  throw new TscomposeError('ENGINE_SWARM_INACTIVE', message)
}

const noManager = noSwarm(
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
)

const pluginNotFound = ({ params: { name = '' } }: { params: Readonly<Record<string, string>> }) => {
  throw new TscomposeError('ENGINE_PLUGIN_NOT_FOUND', `plugin "${name}" not found`)
}

export const swarmRoutes: readonly Route[] = [
  ...ofManagers.map(([method, pattern]) => route(method, pattern, noManager)),
  route('PUT', '/volumes/{name}', noSwarm('volume update only valid for cluster volumes, but swarm is unavailable')),
  route('POST', '/swarm/leave', noSwarm('This node is not part of a swarm')),
  route('GET', '/plugins/{name}/json', pluginNotFound),
  route('POST', '/plugins/{name}/{action}', pluginNotFound),
  route('DELETE', '/plugins/{name}', pluginNotFound),
]
