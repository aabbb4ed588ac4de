import { statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Milliseconds: who removes a directory takes one name after the other, and is let finish. */
const LET_FINISH = 100

/**
 * Tells when the name of a socket leads to it no more: somebody has removed it, or the directory. Where the kernel has no
 * watch left (inotify(7), max_user_watches) nobody is told.
 */
export function watchSocket(path: string, gone: () => void): Disposable {
  const inode = inodeOf(path)
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    if (inodeOf(path) !== inode) gone()
  }
  try {
    const watcher = watch(dirname(path), { persistent: false }, (event, name) => {
      if (event !== 'rename' || ![basename(path), basename(dirname(path))].includes(name ?? '')) return
      clearTimeout(timer)
      timer = setTimeout(look, LET_FINISH)
    })
    watcher.on('error', () => {})
    return {
      [Symbol.dispose]() {
        clearTimeout(timer)
        watcher.close()
      },
    }
  } catch {
    return { [Symbol.dispose]: () => {} }
  }
}

const inodeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino
