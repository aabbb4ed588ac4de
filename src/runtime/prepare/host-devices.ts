import { readdirSync, statSync } from 'node:fs'
import type { DeviceSpec } from '../spec.ts'

// Directories that a container has its own of, or that hold nothing but what others hold.
const skipped = new Set(['/dev/pts', '/dev/shm', '/dev/fd', '/dev/mqueue', '/dev/.lxc', '/dev/.udev', '/dev/console'])

/** Every device node of the host, for privileged containers. Links are left out: they are made anew. */
export function hostDevices(directory = '/dev'): readonly DeviceSpec[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap(entry => {
    const path = `${directory}/${entry.name}`
    if (skipped.has(path)) return []
    if (entry.isDirectory()) return hostDevices(path)
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return []
    return deviceAt(path) ?? []
  })
}

function deviceAt(path: string): DeviceSpec | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return undefined
  return {
    path,
    type: stat.isCharacterDevice() ? 'c' : 'b',
    ...splitDeviceNumber(stat.rdev),
    fileMode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    access: 'rwm',
  }
}

/** makedev(3), backwards. */
const splitDeviceNumber = (rdev: number) => {
  const number = BigInt(rdev)
  return {
    major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn)),
    minor: Number((number & 0xffn) | ((number >> 12n) & ~0xffn)),
  }
}
