import type { ReadStream } from 'node:tty'

/** What a terminal in raw mode no longer does by itself. */
const CTRL_C = '\u0003'
const CTRL_Z = '\u001a'

/**
 * Calls `pressed` for each key, without an Enter. Ctrl-C and Ctrl-Z do to this process and those of its job what they
 * always do. The terminal is given back as it was.
 * @param resumed after a Ctrl-Z, when the shell has brought the job back
 */
export function listenToKeys(stdin: ReadStream, pressed: (key: string) => void, resumed: () => void): Disposable {
  const onData = (chunk: Buffer | string) => {
    for (const key of String(chunk)) {
      if (key === CTRL_C) process.kill(0, 'SIGINT')
      else if (key === CTRL_Z) suspend()
      else pressed(key)
    }
  }
  const suspend = () => {
    stdin.setRawMode(false)
    process.kill(0, 'SIGTSTP')
  }
  const onContinue = () => {
    stdin.setRawMode(true)
    resumed()
  }
  stdin.setRawMode(true)
  stdin.on('data', onData).resume()
  process.on('SIGCONT', onContinue)
  return {
    [Symbol.dispose]: () => {
      process.off('SIGCONT', onContinue)
      stdin.off('data', onData).pause()
      stdin.setRawMode(false)
    },
  }
}
