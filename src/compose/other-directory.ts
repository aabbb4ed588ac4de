import { statSync } from 'node:fs'
import type { Observed } from './plan/observed.ts'
import type { Project } from './project.ts'

/**
 * Another directory that has made containers under the project's name, and is there still: two checkouts that are named
 * alike take each other's containers and volumes for their own.
 */
export function otherDirectory(
  { workingDir }: Pick<Project, 'workingDir'>,
  { containers }: Pick<Observed, 'containers'>,
): string | undefined {
  const own = identity(workingDir)
  return containers
    .filter(({ oneOff }) => !oneOff)
    .flatMap(container => container.workingDir ?? [])
    .find(directory => ![undefined, own].includes(identity(directory)))
}

export const otherDirectoryWarning = ({ name, workingDir }: Project, other: string): string =>
  `project "${name}" has been brought up from ${other}, too: its containers and volumes are now those of ${workingDir}. ` +
  'To have both at once, give one of them another name (-p), or use --isolated.'

/** The same for all the names of a directory; undefined: it is not there. */
function identity(directory: string): string | undefined {
  const stat = statSync(directory, { throwIfNoEntry: false })
  return stat && `${stat.dev}:${stat.ino}`
}
