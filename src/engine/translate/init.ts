import { basename } from 'node:path'

/** Programs that are an init themselves: as a child of another one they refuse to work or at least warn. */
const inits = new Set([
  'init',
  'systemd',
  's6-svscan',
  's6-overlay-suexec',
  'runit-init',
  'runit',
  'openrc-init',
  'tini',
  'tini-static',
  'dumb-init',
  'docker-init',
  'catatonit',
  'my_init',
])

/** Whether a program insists on being PID 1, or does the work of our init itself. */
export const isInit = (program: string): boolean => inits.has(basename(program))

/**
 * Whether a container gets the built-in init as its PID 1.
 * @param asked `HostConfig.Init`; null and absent leave it to the engine
 * @param byDefault `init` of the configuration
 * @param ownPidNamespace in somebody else's pid namespace there is a PID 1 already
 */
export function usesInit(
  asked: boolean | null | undefined,
  byDefault: boolean,
  program: string,
  ownPidNamespace: boolean,
): boolean {
  if (!ownPidNamespace) return false
  return asked ?? (byDefault && !isInit(program))
}
