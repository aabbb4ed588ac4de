import { statSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { deviceSpec, isDeviceNode, splitDeviceNumber } from '../../runtime/device-node.ts'
import type { DeviceSpec } from '../../runtime/spec.ts'
import type { DeviceMapping } from '../api.ts'
import { invalid } from '../failures.ts'

const gatheringFailed = (path: string, why: string) =>
  invalid(`error gathering device information while adding custom device "${path}": ${why}`)

/**
 * The devices of a container. A directory stands for all devices in it, as with Docker.
 * @throws TscomposeError ENGINE_REQUEST_INVALID in Docker's words where there is no such device
 */
export async function translateDevices(mappings: readonly DeviceMapping[]): Promise<DeviceSpec[]> {
  const specs = await Promise.all(
    mappings.map(async ({ PathOnHost, PathInContainer, CgroupPermissions }) => {
      const access = CgroupPermissions || 'rwm'
      if (!/^[rwm]{1,3}$/.test(access)) throw invalid(`invalid device mode: ${access}`)
      const target = PathInContainer || PathOnHost
      const stats = await stat(PathOnHost).catch(() => undefined)
      if (!stats) throw gatheringFailed(PathOnHost, 'no such file or directory')
      if (isDeviceNode(stats)) return [deviceSpec(stats, target, access)]
      if (stats.isDirectory()) return await devicesWithin(PathOnHost, target, access)
      throw gatheringFailed(PathOnHost, 'not a device node')
    }),
  )
  return specs.flat()
}

async function devicesWithin(directory: string, target: string, access: string): Promise<DeviceSpec[]> {
  const found = await Promise.all(
    (await readdir(directory)).map(async name => {
      const path = join(directory, name)
      const stats = await stat(path).catch(() => undefined)
      if (stats?.isDirectory()) return await devicesWithin(path, join(target, name), access)
      return stats && isDeviceNode(stats) ? [deviceSpec(stats, join(target, name), access)] : []
    }),
  )
  return found.flat()
}

/** The number of the device behind a path, for block I/O limits. @throws TscomposeError ENGINE_REQUEST_INVALID */
export function deviceNumberOf(path: string): { major: number; minor: number } {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats || !isDeviceNode(stats))
    throw gatheringFailed(path, stats ? 'not a device node' : 'no such file or directory')
  return splitDeviceNumber(stats.rdev)
}
