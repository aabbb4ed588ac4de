import type { HostConfig } from '../api.ts'
import type { EngineConfig } from '../config.ts'
import { effectiveLogConfig } from './log.ts'
import { effectivePaths } from './security.ts'

/** What was asked for with Docker's defaults in the place of what was not (moby `adaptContainerSettings`). */
export function completeHostConfig(asked: HostConfig, config: EngineConfig): HostConfig {
  const paths = effectivePaths(asked)
  return {
    ...asked,
    NetworkMode: asked.NetworkMode || 'default',
    RestartPolicy: { ...asked.RestartPolicy, Name: asked.RestartPolicy?.Name || 'no' },
    LogConfig: effectiveLogConfig(asked.LogConfig, config),
    ShmSize: asked.ShmSize || config.defaultShmSize,
    IpcMode: asked.IpcMode || 'private',
    CgroupnsMode: asked.CgroupnsMode || 'private',
    ...(asked.Memory && !asked.MemorySwap && { MemorySwap: asked.Memory * 2 }),
    MaskedPaths: paths.masked,
    ReadonlyPaths: paths.readonly,
    Runtime: asked.Runtime || 'tscompose',
  }
}
