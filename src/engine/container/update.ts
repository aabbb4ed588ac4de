import type { ResourcesSpec } from '../../runtime/spec.ts'
import type { ContainerUpdateRequest, HostConfig, Resources } from '../api.ts'
import type { Context } from '../context.ts'
import { invalid, stateConflict } from '../failures.ts'
import { deviceNumberOf } from '../translate/devices.ts'
import { translateResources } from '../translate/resources.ts'
import type { Container } from './container.ts'
import { emitContainer } from './events.ts'
import { publishPorts } from './publish.ts'
import { validateRestartPolicy } from './restart-policy.ts'
import type { Run } from './run.ts'
import { saveRun } from './run-record.ts'

/** What belongs to the container's process from its start on, and is not asked again. */
const fixed = ['Devices', 'DeviceCgroupRules', 'DeviceRequests', 'Ulimits'] as const

/**
 * Changes limits and the restart policy of a container, also while it runs.
 * @returns one warning for each limit the machine cannot apply
 * @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_CONTAINER_STATE, RUNTIME_LIMIT_REFUSED; nothing has changed then
 */
export async function updateContainer(
  context: Context,
  container: Container,
  { RestartPolicy, Publish, ...resources }: ContainerUpdateRequest,
): Promise<readonly string[]> {
  return await container.serial.run(async () => {
    if (container.removing) throw stateConflict('container is marked for removal and cannot be "update"')
    if (Publish) await publishPorts(context, container, Publish)
    const { record, run } = container
    const before = run?.spec.resources ?? {}
    const hostConfig = mergeResources(record.hostConfig, resources)
    if (RestartPolicy?.Name) {
      validateRestartPolicy(RestartPolicy)
      if (record.hostConfig.AutoRemove && RestartPolicy.Name !== 'no')
        throw invalid('Restart policy cannot be updated because AutoRemove is enabled for the container')
      hostConfig.RestartPolicy = RestartPolicy
    }
    const limits = translateResources(hostConfig, context.machine.processors, deviceNumberOf)
    const warnings = run ? applyTo(container, run, limits) : context.runtime.rehearse(limits)
    try {
      await container.change({ hostConfig })
    } catch (error) {
      if (run) applyTo(container, run, before)
      throw error
    }
    emitContainer(context, container, 'update')
    return warnings
  })
}

function applyTo(container: Container, run: Run, limits: ResourcesSpec): readonly string[] {
  const before = run.spec.resources
  try {
    const warnings = run.process.update(limits)
    run.spec = { ...run.spec, resources: limits }
    saveRun(container, run)
    return warnings
  } catch (error) {
    run.process.update(before)
    throw error
  }
}

/**
 * What is asked for in the place of what was; 0 and '' leave it as it is. Conflicts are told in Docker's words (moby
 * container/container_unix.go, UpdateContainer).
 */
export function mergeResources(before: HostConfig, asked: Resources): HostConfig {
  for (const name of fixed) {
    const value = asked[name]
    if (Array.isArray(value) && value.length > 0) throw invalid(`${name} cannot be updated`)
  }
  const conflict = (what: string, with_: string) =>
    stateConflict(`Conflicting options: ${what} cannot be updated as ${with_} has already been set`)
  if (asked.NanoCpus) {
    if (before.CpuPeriod) throw conflict('Nano CPUs', 'CPU Period')
    if (before.CpuQuota) throw conflict('Nano CPUs', 'CPU Quota')
  }
  if (asked.CpuPeriod && before.NanoCpus) throw conflict('CPU Period', 'NanoCPUs')
  if (asked.CpuQuota && before.NanoCpus) throw conflict('CPU Quota', 'NanoCPUs')
  const { Memory = 0, MemorySwap = 0 } = asked
  if (Memory > 0 && MemorySwap === 0 && (before.MemorySwap ?? 0) > 0 && Memory > (before.MemorySwap ?? 0)) {
    throw stateConflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    )
  }
  const given = Object.entries(asked).filter(([name, value]) =>
    name === 'PidsLimit' ? value !== null : isGiven(value),
  )
  const merged: HostConfig = { ...before, ...Object.fromEntries(given) }
  // 0 is how Docker's clients say that there shall be no limit.
  if (asked.PidsLimit === 0) merged.PidsLimit = -1
  if (merged.Memory && !merged.MemorySwap) merged.MemorySwap = merged.Memory * 2
  return merged
}

const isGiven = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : Boolean(value) || value === false
