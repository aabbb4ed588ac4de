import * as fs from 'node:fs'
import { CLONE } from '../../sys/constants.ts'
import { linux } from '../../sys/kernel.ts'

/**
 * Gives the calling thread a root directory, working directory and umask of its own (CLONE_FS, unshare(2)). The rest
 * of the process keeps its; so this is for a Worker, and one that starts no threads: they would inherit what it sees.
 */
export function unshareRoot(): Unshared {
  linux.unshare(CLONE.FS)
  linux.umask(0)
  const machine = fs.openSync('/', fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
  return {
    confine(directory) {
      linux.chroot(directory)
      linux.chdir('/')
      return {
        [Symbol.dispose]() {
          linux.fchdir(machine)
          linux.chroot('.')
        },
      }
    },
  }
}

export interface Unshared {
  /**
   * Makes `directory` the root of this thread until the result is disposed of. Only synchronous calls of `fs` are
   * confined by it; the others run on the threads of libuv, outside.
   */
  confine(directory: string): Disposable
}
