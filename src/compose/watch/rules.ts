import { readFile, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { IgnoreRules, parseIgnoreFile } from '../../ignore.ts'
import type { Hook, Project, Service } from '../project.ts'
import { type Filter, filterOf } from './filter.ts'

/** A rule of `develop.watch` (compose-file, "develop"): what is done when something at a path changes. */
export interface WatchRule {
  readonly service: string
  /** A file or a directory of this machine, absolute. */
  readonly path: string
  readonly action: 'rebuild' | 'restart' | 'sync' | 'sync+restart' | 'sync+exec'
  /** Where the path is in the container; of the actions that sync. */
  readonly target?: string
  /** Containers get all files before their program starts, not only what changes from now on. */
  readonly initialSync: boolean
  /** Of `sync+exec`. */
  readonly exec?: Hook
  readonly filter: Filter
}

/** An item of `develop.watch` in its canonical form. */
interface Given {
  readonly path: string
  readonly action: WatchRule['action']
  readonly target?: string
  readonly ignore?: readonly string[]
  readonly include?: readonly string[]
  readonly initial_sync?: boolean
  readonly exec?: {
    readonly command: readonly string[]
    readonly user?: string
    readonly privileged?: boolean
    readonly working_dir?: string
    readonly environment?: Readonly<Record<string, string | null>>
  }
}

/**
 * The rules of these services.
 * @param warn is told which paths are bind-mounted, where a change is seen without being copied
 * @throws TscomposeError COMPOSE_WATCH_NOTHING where there are none, COMPOSE_CONFLICT for a rebuild without `build`
 */
export async function watchRules(
  project: Project,
  services: readonly Service[],
  warn: (message: string) => void,
): Promise<WatchRule[]> {
  const rules: WatchRule[] = []
  for (const service of services) {
    const { watch = [] } = (service.canonical.develop ?? {}) as { watch?: readonly Given[] }
    const context = watch.length > 0 ? await contextOf(service) : undefined
    for (const [index, given] of watch.entries()) {
      if (given.action === 'rebuild' && service.build === undefined) {
        const where = project.origins.get(`services.${service.name}.develop.watch.${index}`)
        throw new TscomposeError(
          'COMPOSE_CONFLICT',
          `can't watch service "${service.name}" with action rebuild without a build context`,
          { ...(where && { where }) },
        )
      }
      const absolute = await realpath(path.resolve(project.workingDir, given.path)).catch(() =>
        path.resolve(project.workingDir, given.path),
      )
      if (isBound(service, absolute, given)) {
        warn(`path '${given.path}' also declared by a bind mount volume, this path won't be monitored!`)
        continue
      }
      rules.push(ruleOf(service, given, absolute, context))
    }
  }
  if (rules.length === 0)
    throw new TscomposeError(
      'COMPOSE_WATCH_NOTHING',
      `none of the selected services is configured for watch, consider setting a 'develop' section`,
    )
  return rules
}

function ruleOf(service: Service, given: Given, absolute: string, context: Context | undefined): WatchRule {
  const { action, target, exec, ignore = [], include = [], initial_sync: initialSync = false } = given
  return {
    service: service.name,
    path: absolute,
    action,
    initialSync,
    ...(target !== undefined && { target }),
    ...(exec && { exec: hookOf(exec) }),
    filter: filterOf(absolute, { ignore, include, ...(context && { context }) }),
  }
}

const hookOf = ({
  command,
  user,
  privileged = false,
  working_dir: workingDir,
  environment = {},
}: NonNullable<Given['exec']>): Hook => ({
  command,
  privileged,
  environment: Object.entries(environment).flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`])),
  ...(user !== undefined && { user }),
  ...(workingDir !== undefined && { workingDir }),
})

/** The build context of a service with what its `.dockerignore` leaves out of it. */
export interface Context {
  readonly directory: string
  readonly ignore: IgnoreRules
}

async function contextOf({ build }: Service): Promise<Context | undefined> {
  const { context, dockerfile = 'Dockerfile' } = (build ?? {}) as { context?: string; dockerfile?: string }
  if (context === undefined || !path.isAbsolute(context)) return undefined
  // The file that is named after the Dockerfile goes before the one for all.
  for (const name of [`${dockerfile}.dockerignore`, '.dockerignore']) {
    const text = await readFile(path.resolve(context, name), 'utf8').catch(() => undefined)
    if (text !== undefined) return { directory: context, ignore: new IgnoreRules(parseIgnoreFile(text)) }
  }
  return undefined
}

const isBound = ({ volumes }: Service, absolute: string, { target }: Given): boolean =>
  volumes.some(
    volume =>
      volume.type === 'bind' &&
      volume.source !== undefined &&
      isWithin(volume.source, absolute) &&
      (target === undefined || isWithin(volume.target, target)),
  )

export const isWithin = (directory: string, file: string): boolean =>
  file === directory || file.startsWith(directory.endsWith('/') ? directory : `${directory}/`)

/** Whether a path that is to be watched is a directory; undefined: it is not there (yet). */
export const isDirectory = (file: string): Promise<boolean | undefined> =>
  stat(file).then(
    found => found.isDirectory(),
    () => undefined,
  )
