import type { ImageConfig } from '../../image/image.ts'
import type { ContainerConfig } from '../api.ts'

/** What Dockerfile instructions make of a configuration. @throws TscomposeError BUILD_DOCKERFILE_INVALID */
export async function withChanges(config: ImageConfig, changes: readonly string[]): Promise<ImageConfig> {
  if (changes.length === 0) return config
  const { applyChanges } = await import('../../build/changes.ts') // which few ever need
  return applyChanges(config, changes)
}

/** What an image keeps of the configuration of a container: nothing that holds for one container only. */
export function imageConfigOf({ OnBuild, ...config }: Partial<ContainerConfig> & Pick<ImageConfig, 'OnBuild'>) {
  const { User, ExposedPorts, Entrypoint, Cmd, Healthcheck, Volumes, WorkingDir, Labels, StopSignal, Shell } = config
  // A name without a value took the image's variable away.
  const Env = config.Env?.filter(variable => variable.includes('='))
  const kept = { User, ExposedPorts, Env, Entrypoint, Cmd, Healthcheck, Volumes, WorkingDir, Labels, StopSignal, Shell }
  return Object.fromEntries(
    Object.entries({ ...kept, OnBuild }).filter(([, value]) => value && Object.keys(value).length > 0),
  ) as ImageConfig
}
