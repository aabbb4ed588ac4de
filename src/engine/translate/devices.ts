import { type Stats, statSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeviceSpec } from '../../runtime/spec.ts'
import type { DeviceMapping } from '../api.ts'
import { invalid } from '../failures.ts'

/** The two halves of a device's number, makedev(3). */
export function deviceNumber(rdev: number): { major: number; minor: number } {
  const number = BigInt(rdev)
  return {
    major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n)),
    minor: Number((number & 0xffn) | ((number >> 12n) & 0xffffff00n)),
  }
}

const isDevice = (stats: Stats): boolean => stats.isBlockDevice() || stats.isCharacterDevice()

function toDeviceSpec(stats: Stats, path: string, access: string): DeviceSpec {
  return {
    path,
    type: stats.isBlockDevice() ? 'b' : 'c',
    ...deviceNumber(stats.rdev),
    fileMode: stats.mode & 0o777,
    uid: stats.uid,
    gid: stats.gid,
    access,
  }
}

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
      if (isDevice(stats)) return [toDeviceSpec(stats, target, access)]
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
      return stats && isDevice(stats) ? [toDeviceSpec(stats, join(target, name), access)] : []
    }),
  )
  return found.flat()
}

/** The number of the device behind a path, for block I/O limits. @throws TscomposeError ENGINE_REQUEST_INVALID */
export function deviceNumberOf(path: string): { major: number; minor: number } {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats || !isDevice(stats)) throw gatheringFailed(path, stats ? 'not a device node' : 'no such file or directory')
  return deviceNumber(stats.rdev)
}
