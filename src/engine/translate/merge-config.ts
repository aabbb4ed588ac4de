import { posix } from 'node:path'
import type { ImageConfig } from '../../image/image.ts'
import type { ContainerConfig, HealthConfig } from '../api.ts'
import { invalid } from '../failures.ts'

/**
 * What a container runs as: what was asked for, and where that says nothing, what its image says (moby
 * daemon/commit.go, `merge`).
 * @throws TscomposeError ENGINE_REQUEST_INVALID if neither says what to run
 */
export function mergeConfig(asked: ContainerConfig, image: ImageConfig): ContainerConfig {
  const { entrypoint, cmd } = mergeCommand(asked, image)
  if (entrypoint.length === 0 && cmd.length === 0) throw invalid('no command specified')
  const healthcheck = mergeHealthcheck(asked.Healthcheck, image.Healthcheck)
  const stopSignal = asked.StopSignal || image.StopSignal
  return {
    ...asked,
    User: asked.User || image.User || '',
    ExposedPorts: { ...image.ExposedPorts, ...asked.ExposedPorts },
    Env: mergeEnv(asked.Env ?? [], image.Env ?? []),
    Entrypoint: entrypoint.length > 0 ? entrypoint : null,
    Cmd: cmd.length > 0 ? cmd : null,
    Volumes: { ...image.Volumes, ...asked.Volumes },
    WorkingDir: cleanPath(asked.WorkingDir || image.WorkingDir || ''),
    Labels: { ...image.Labels, ...asked.Labels },
    ...(healthcheck && { Healthcheck: healthcheck }),
    ...(stopSignal && { StopSignal: stopSignal }),
    ...(image.Shell && { Shell: [...image.Shell] }),
  }
}

/** `/a/../b/` is `/b`. */
const cleanPath = (path: string): string => (path === '' ? '' : posix.normalize(path).replace(/(?<=.)\/$/, ''))

/** The image's command goes only with the image's entrypoint: who gives an entrypoint gives the arguments, too. */
function mergeCommand(asked: ContainerConfig, image: ImageConfig): { entrypoint: string[]; cmd: string[] } {
  const cmd = [...(asked.Cmd ?? [])]
  const entrypoint = [...(asked.Entrypoint ?? [])]
  const own = entrypoint.length > 0
  if (!own && cmd.length === 0) cmd.push(...(image.Cmd ?? []))
  if (asked.Entrypoint === undefined || asked.Entrypoint === null) entrypoint.push(...(image.Entrypoint ?? []))
  // `--entrypoint ""` takes the image's entrypoint away.
  return { entrypoint: entrypoint.length === 1 && entrypoint[0] === '' ? [] : entrypoint, cmd }
}

const nameOf = (variable: string): string => variable.split('=', 1)[0] ?? ''

/** The variables asked for, then those of the image that were not; `NAME` alone takes the image's away. */
function mergeEnv(asked: readonly string[], image: readonly string[]): string[] {
  const given = new Set(asked.map(nameOf))
  return [...asked, ...image.filter(variable => !given.has(nameOf(variable)))]
}

function mergeHealthcheck(
  asked: HealthConfig | undefined,
  image: ImageConfig['Healthcheck'],
): HealthConfig | undefined {
  if (!asked || !image) return asked ?? (image as HealthConfig | undefined)
  const merged: HealthConfig = { ...asked }
  if (!asked.Test?.length && image.Test) merged.Test = [...image.Test]
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const) {
    const value = asked[key] || image[key]
    if (value) merged[key] = value
  }
  return merged
}

/** The program and its arguments: `Path` and `Args` of inspect. */
export function commandLine({ Entrypoint, Cmd }: Pick<ContainerConfig, 'Entrypoint' | 'Cmd'>): [string, ...string[]] {
  const [path, ...args] = [...(Entrypoint ?? []), ...(Cmd ?? [])]
  if (path === undefined) throw invalid('no command specified')
  return [path, ...args]
}
