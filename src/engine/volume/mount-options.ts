import type { Labels } from '../api.ts'
import { invalid } from '../failures.ts'

/** What the options of a volume say about where its data are (Docker's `local` driver, after mount(8)). */
export type VolumePlace =
  /** A directory of its own below the data root. */
  | { readonly kind: 'own' }
  /** A directory of the host under the name of a volume. */
  | { readonly kind: 'directory'; readonly path: string }
  /** A file system that is mounted as long as containers run that use it: tmpfs, NFS, a device. */
  | { readonly kind: 'mount'; readonly type: string; readonly device: string; readonly options: string }

const plain = ['', 'bind', 'rbind', 'rw']

/** @throws TscomposeError ENGINE_REQUEST_INVALID for options that `docker volume create` refuses, in its words */
export function placeOf(options: Labels): VolumePlace {
  const { type = '', device = '', o = '', ...rest } = options
  for (const option of Object.keys(rest)) throw invalid(`invalid option: "${option}"`)
  if (type === '' && device === '' && o === '') return { kind: 'own' }
  if (device === '') throw invalid('missing required option: "device"')
  const flags = o.split(',')
  const isBind = flags.includes('bind') || flags.includes('rbind')
  if (type === '' && !isBind) throw invalid('missing required option: "type"')
  if (isBind && !device.startsWith('/')) throw invalid(`invalid option: device "${device}" must be an absolute path`)
  if (isBind && (type === '' || type === 'none') && flags.every(flag => plain.includes(flag)))
    return { kind: 'directory', path: device }
  return { kind: 'mount', type: type || 'none', device, options: o }
}
