import { stat } from 'node:fs/promises'
import { isAbsolute, normalize } from 'node:path'
import { TscomposeError } from '../errors.ts'
import { digestOf } from './digest.ts'
import type { Image } from './image.ts'
import { hostPlatform } from './platform.ts'

const prefix = 'rootfs:'

/** Docker's, for a configuration without one. */
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** `rootfs:PATH` is no image of the store but a directory of this machine, as it is. */
export const isRootfs = (reference: string): boolean => reference.startsWith(prefix)

/** @throws TscomposeError IMAGE_ROOTFS_MISSING */
export async function rootfsImage(reference: string): Promise<Image> {
  const given = reference.slice(prefix.length)
  if (!isAbsolute(given))
    throw new TscomposeError('IMAGE_REFERENCE_INVALID', `${reference}: the path of a rootfs: image must be absolute`)
  const path = normalize(given).replace(/(?<=.)\/$/, '')
  const found = await stat(path).catch(cause => {
    throw new TscomposeError('IMAGE_ROOTFS_MISSING', `${reference}: there is no directory ${path}`, { cause })
  })
  if (!found.isDirectory()) throw new TscomposeError('IMAGE_ROOTFS_MISSING', `${reference}: ${path} is no directory`)
  const name = `${prefix}${path}`
  return {
    id: digestOf(name),
    repoTags: [name],
    repoDigests: [],
    config: { Env: [defaultPath] },
    platform: hostPlatform,
    created: found.mtime,
    size: 0,
    layers: [],
    history: [],
    rootfs: path,
  }
}
