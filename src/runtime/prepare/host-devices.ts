import { readdirSync, statSync } from 'node:fs'
import { deviceSpec } from '../device-node.ts'
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
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats ? [deviceSpec(stats, path, 'rwm')] : []
  })
}
