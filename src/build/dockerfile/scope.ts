import type { Dockerfile, EscapeCharacter } from './dockerfile.ts'
import { expandAt } from './expand-at.ts'
import { platformVariables } from './platform.ts'

/** The variables an instruction sees. A value: every instruction gets the scope that the one before it left. */
export interface Scope {
  /** The environment of the base image, ENV and ARG so far; of one name, the later wins. PATH is always there. */
  readonly environment: ReadonlyMap<string, string>
  /** ARGs declared in the stage so far and in the stages it is based on, with their effective values. */
  readonly args: ReadonlyMap<string, string | undefined>
  /** Has there been a WORKDIR in the file? Only for a warning. */
  readonly workdirSet: boolean
  readonly given: GivenToStages
}

/** What a build gives to all its stages. */
export interface GivenToStages {
  readonly escape: EscapeCharacter
  /** `--build-arg`; these win over the defaults in the file. */
  readonly buildArgs: ReadonlyMap<string, string>
  /** The evaluated ARGs before the first FROM, and the platforms: for FROM, and for a stage that declares them. */
  readonly globalArgs: ReadonlyMap<string, string>
}

export interface BuildArguments {
  readonly buildArgs: ReadonlyMap<string, string>
  /** `linux/arm64/v8` */
  readonly buildPlatform: string
  readonly targetPlatform: string
  readonly target?: string
}

/** The environment of an image that says nothing about it. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * What {@link openScope} and {@link stageGraph} need: the ARGs before the first FROM, evaluated one after the other,
 * with BUILDPLATFORM, TARGETARCH and the like.
 * @throws TscomposeError BUILD_DOCKERFILE_INVALID
 */
export function givenToStages({ directives, globalArgs, stages }: Dockerfile, build: BuildArguments): GivenToStages {
  const { buildArgs, buildPlatform, targetPlatform, target } = build
  const predefined = [
    ...platformVariables('BUILD', buildPlatform),
    ...platformVariables('TARGET', targetPlatform),
    ['TARGETSTAGE', target || stages.at(-1)?.name || 'default'] as const,
  ]
  const values = new Map(predefined.map(([name, value]) => [name, buildArgs.get(name) ?? value]))
  for (const { args, where } of globalArgs) {
    for (const { name, value } of args) {
      const own = value === undefined ? undefined : () => expandAt(where, value, n => values.get(n), directives).text
      const effective = buildArgs.get(name) ?? own?.()
      if (effective !== undefined) values.set(name, effective)
    }
  }
  return { escape: directives.escape, buildArgs, globalArgs: values }
}

/**
 * The scope a stage begins with.
 * @param base `Env` of the base image; or the scope at the end of the stage it is based on, whose ARGs it inherits
 */
export function openScope(base: readonly string[] | Scope, given: GivenToStages): Scope {
  if ('given' in base) return base
  const pairs = base.map(variable => {
    const equals = variable.indexOf('=')
    return equals < 0 ? ([variable, ''] as const) : ([variable.slice(0, equals), variable.slice(equals + 1)] as const)
  })
  const environment = new Map<string, string>(pairs)
  if (!environment.has('PATH')) environment.set('PATH', defaultPath)
  return { environment, args: new Map(), workdirSet: false, given }
}
