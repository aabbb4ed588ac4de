import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** Names of errno(3), such as `ENOENT`. */
export type ErrnoName = keyof typeof constants.errno

/** The number of an errno on this machine. */
export const errnoNumber = (name: ErrnoName): number => constants.errno[name]

// Node has words for the common ones, and of two names for a number (EAGAIN, EWOULDBLOCK) it has the usual one.
const words = getSystemErrorMap()
const otherNames = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

/** `ENOENT` for 2; `E4711` where the number has no name. */
export const errnoName = (errno: number): string => words.get(-errno)?.[0] ?? otherNames.get(errno) ?? `E${errno}`

/** `ENOENT (no such file or directory)` */
export function describeErrno(errno: number): string {
  const text = words.get(-errno)?.[1]
  return errnoName(errno) + (text === undefined ? '' : ` (${text})`)
}
