import * as fs from 'node:fs'
import { linux } from '../../sys/kernel.ts'

/** The machine's root directory, to come back to. */
let machine: number | undefined

/**
 * Makes `directory` the root and the working directory of this process until the result is disposed of: no path,
 * whatever symlinks and `..` it goes through, leads out of it. What was opened before stays open.
 */
export function confine(directory: string): Disposable {
  machine ??= fs.openSync('/', fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
  const back = machine
  linux.chroot(directory)
  linux.chdir('/')
  return {
    [Symbol.dispose]() {
      linux.fchdir(back)
      linux.chroot('.')
    },
  }
}
