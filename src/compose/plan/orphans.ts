import type { Project } from '../project.ts'
import type { Observed, ObservedContainer } from './observed.ts'

/** Containers of services that the file no longer has, and one-off containers that have ended. */
export function findOrphans(
  project: Pick<Project, 'services' | 'disabledServices'>,
  { containers }: Pick<Observed, 'containers'>,
): ObservedContainer[] {
  return containers.filter(({ oneOff, state, service }) =>
    oneOff
      ? state === 'exited' || state === 'dead'
      : !(service in project.services || service in project.disabledServices),
  )
}

export const whyOrphan = ({ oneOff }: ObservedContainer): string =>
  oneOff ? 'it is a one-off container' : 'its service is not in the file'

export const orphanWarning = (orphans: readonly ObservedContainer[]): string =>
  `Found orphan containers (${orphans.map(({ name }) => name).join(', ')}) for this project. If you removed or ` +
  'renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.'
