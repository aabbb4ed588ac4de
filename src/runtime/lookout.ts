import { closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { O } from '../sys/constants.ts'
import { posixSpawn } from '../sys/posix-spawn.ts'
import { reap } from '../sys/reap.ts'
import { monitorProgram, socketPair } from './launch.ts'

/** What it finds under which number: native/program.h. */
const given = { control: 3, runDir: 5 } as const

/** Tells it that nobody needs it any more; the bare end of the connection is that of the engine. */
const dismissed = Buffer.of(1)

/**
 * Starts a process that starts a keeper, and by that another engine, should those of `runDir` be killed. Disposing ends it.
 * Where the machine has no room for it there is none: then the next command starts the engine.
 * @param name for ps(1)
 */
export function keepLookout(runDir: string, name: string): Disposable {
  using opened = new DisposableStack()
  const open = (fd: number) => {
    opened.defer(() => closeSync(fd))
    return fd
  }
  try {
    const path = `/proc/self/fd/${monitorProgram()}`
    const directory = open(openSync(runDir, O.PATH | O.DIRECTORY | O.CLOEXEC))
    const [mine, theirs] = socketPair()
    const descriptors = [[open(theirs), given.control] as const, [directory, given.runDir] as const]
    const control = new Socket({ fd: mine, readable: true, writable: true }).unref()
    const passed = opened.move()
    const spawned = posixSpawn({ path, argv: ['tscompose-lookout', name], env: [], descriptors })
    spawned.catch(() => {}).finally(() => passed.dispose())
    control.on('error', () => {}).resume()
    control.once('close', () => void spawned.then(reap, () => {}))
    return { [Symbol.dispose]: () => void control.end(dismissed) }
  } catch {
    return { [Symbol.dispose]: () => {} }
  }
}
