import type { Stats } from 'node:fs'
import type { DeviceSpec } from './spec.ts'

/** makedev(3): the form that mknod(2) takes. */
export const makeDeviceNumber = (major: number, minor: number): number =>
  (minor & 0xff) | (major << 8) | ((minor >> 8) << 20)

/** The two halves of a device's number as stat(2) gives it: makedev(3), backwards. */
export function splitDeviceNumber(rdev: number): { major: number; minor: number } {
  const number = BigInt(rdev)
  return {
    major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n)),
    minor: Number((number & 0xffn) | ((number >> 12n) & 0xffffff00n)),
  }
}

export const isDeviceNode = (stats: Stats): boolean => stats.isBlockDevice() || stats.isCharacterDevice()

/** A device of the host, as the container is to have it at `path`. */
export const deviceSpec = (stats: Stats, path: string, access: string): DeviceSpec => ({
  path,
  type: stats.isBlockDevice() ? 'b' : 'c',
  ...splitDeviceNumber(stats.rdev),
  fileMode: stats.mode & 0o777,
  uid: stats.uid,
  gid: stats.gid,
  access,
})
