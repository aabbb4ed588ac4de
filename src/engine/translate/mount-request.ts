import { posix } from 'node:path'
import type { MountSpec } from '../../runtime/spec.ts'
import type { Labels } from '../api.ts'
import { invalid } from '../failures.ts'

export type Propagation = NonNullable<Extract<MountSpec, { type: 'bind' }>['propagation']>

/** A mount as a container asks for it, whatever notation it came in. Destinations are clean absolute paths. */
export type MountRequest =
  | {
      readonly type: 'bind'
      readonly source: string
      readonly destination: string
      readonly readonly: boolean
      readonly propagation: Propagation
      readonly recursive: boolean
      /** False: of a read-only one, submounts of the source stay as they are. */
      readonly readonlySubmounts?: boolean
      /** Whether a source that does not exist is made (as a directory) rather than an error. */
      readonly createSource: boolean
      /** The options as they were written, for inspect. */
      readonly mode: string
    }
  | {
      readonly type: 'volume'
      /** Absent: a volume of its own, which goes with the container. */
      readonly name?: string
      readonly driver: string
      readonly driverOpts: Labels
      readonly labels: Labels
      readonly destination: string
      readonly readonly: boolean
      /** Whether a volume that is empty is filled with what the image has at `destination`. */
      readonly seed: boolean
      /** A path within the volume. */
      readonly subpath: string
      readonly mode: string
    }
  | {
      readonly type: 'tmpfs'
      readonly destination: string
      readonly readonly: boolean
      readonly options: readonly string[]
    }
  /** What is in an image, read-only. */
  | {
      readonly type: 'image'
      readonly reference: string
      /** A path in it; empty: its root. */
      readonly subpath: string
      readonly destination: string
      readonly readonly: true
    }

export const propagations: readonly string[] = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared']

/** What Docker mounts a tmpfs with before its own options. */
export const tmpfsDefaults = ['noexec', 'nosuid', 'nodev']

/** @throws TscomposeError ENGINE_REQUEST_INVALID unless `path` is absolute and not the root */
export function parseDestination(path: string): string {
  const clean = posix.normalize(path).replace(/(?<=.)\/$/, '')
  if (clean === '/') throw invalid(`invalid specification: destination can't be '/'`)
  if (!clean.startsWith('/')) throw invalid(`invalid mount path: '${path}' mount path must be absolute`)
  return clean
}

const depth = (path: string): number => path.split('/').length

/** Outer mounts before those within them. */
export const byDepth = <T extends { readonly destination: string }>(mounts: readonly T[]): readonly T[] =>
  mounts.toSorted((a, b) => depth(a.destination) - depth(b.destination))
