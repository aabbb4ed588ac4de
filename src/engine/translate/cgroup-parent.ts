import { invalid, notSupported } from '../failures.ts'

/**
 * `CgroupParent`: a path below the root of each hierarchy, as with Docker's driver cgroupfs.
 * @returns without slashes at its ends; empty: none
 * @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_NOT_SUPPORTED for a slice, which is systemd's to make and remove
 */
export function parseCgroupParent(text = ''): string {
  const names = text.split('/').filter(name => name !== '' && name !== '.')
  const wrong = names.find(name => name === '..' || name.length > 255 || /[\n\0]/.test(name) || /^cgroup\./.test(name))
  if (wrong !== undefined) throw invalid(`invalid cgroup parent: ${text}`)
  if (names.some(name => name.endsWith('.slice')))
    throw notSupported(`cgroup parent "${text}": slices are systemd's own; a path without ".slice"`)
  return names.join('/')
}
