import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** Names of errno(3), such as `ENOENT`. */
export type ErrnoName = keyof typeof constants.errno

/** The number of an errno on this machine. */
export const errnoNumber = (name: ErrnoName): number => constants.errno[name]

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name as ErrnoName]))

/** `ENOENT` for 2; `E4711` where the number has no name. */
export const errnoName = (errno: number): string => names.get(errno) ?? `E${errno}`

/** `ENOENT (no such file or directory)` */
export const describeErrno = (errno: number): string =>
  `${errnoName(errno)} (${getSystemErrorMap().get(-errno)?.[1] ?? 'unknown error'})`
