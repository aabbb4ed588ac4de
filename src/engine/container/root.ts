import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from '../../image/image.ts'
import type { LeaveOut } from '../../image/pack/leave-out.ts'
import type { RootSpec } from '../../runtime/spec.ts'
import type { Context } from '../context.ts'
import type { Container } from './container.ts'

/** What is mounted over in every container, and what tells a program that it is in one; as Docker's init layer. */
const base = {
  directories: ['dev/pts', 'dev/shm', 'etc', 'proc', 'sys'],
  files: ['.dockerenv', 'etc/hosts', 'etc/hostname', 'etc/resolv.conf'],
  links: { 'etc/mtab': '/proc/mounts' },
}

/**
 * Makes the layer that is the lowest of every root, as far as it is not there: without it, most images would need these
 * names in the writable layer of every container.
 */
export function makeBaseLayer(directory: string): void {
  const umask = process.umask(0o022)
  try {
    for (const name of base.directories) mkdirSync(join(directory, name), { recursive: true })
    for (const name of base.files) writeFileSync(join(directory, name), '', { flag: 'a' })
    for (const [name, target] of Object.entries(base.links))
      if (!lstatSync(join(directory, name), { throwIfNoEntry: false })) symlinkSync(target, join(directory, name))
  } finally {
    process.umask(umask)
  }
}

/**
 * What may be in a writable layer only for the engine to mount something on it. Usually the base layer has these names;
 * but an image may hide it.
 */
export const mountpoints: LeaveOut = { directories: ['dev', 'proc', 'sys'], emptyFiles: base.files }

/** What the root of a container is made of. A directory of the machine stays as it is. */
export function rootOf(context: Context, { record, directory }: Container, image: Image): RootSpec {
  const layers = context.images.lowerdirs(image)
  return {
    lowerdirs: image.rootfs === undefined ? [...layers, context.directories.baseLayer] : layers,
    writableLayer: directory.writableLayer,
    readonly: record.hostConfig.ReadonlyRootfs === true,
  }
}
