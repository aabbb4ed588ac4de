import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Keeps two commands from doing one thing to a project at the same time. The lock is an abstract UNIX socket: binding
 * its name is exclusive, it vanishes with the process however that ends, and who has to wait connects and is told by
 * the end of the connection.
 */
export interface LockName {
  /** The engine's run-time directory: projects of different engines have nothing to do with each other. */
  readonly runDir: string
  readonly project: string
  /** To bring it up, or to watch its files. */
  readonly purpose: 'up' | 'watch'
}

/**
 * Waits for the lock.
 * @param onWait called once if another command holds it
 */
export async function lockProject(lock: LockName, onWait: () => void, signal: AbortSignal): Promise<AsyncDisposable> {
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted()
    const held = await tryLockProject(lock)
    if (held) return held
    if (attempt === 0) onWait()
    await released(socketName(lock), signal)
    // Several may have waited: let the fastest have it before the others ask again.
    if (attempt > 0) await delay(Math.random() * 10)
  }
}

/** @returns undefined if another command holds the lock */
export async function tryLockProject(lock: LockName): Promise<AsyncDisposable | undefined> {
  const server = await bind(socketName(lock))
  return (
    server && {
      async [Symbol.asyncDispose]() {
        await new Promise(done => server.close(done))
      },
    }
  )
}

function socketName({ runDir, project, purpose }: LockName): string {
  const root = process.getBuiltinModule('node:crypto').createHash('sha256').update(runDir).digest('hex').slice(0, 16)
  return `\0tscompose/${process.getuid?.()}/${root}/${project}${purpose === 'up' ? '' : `/${purpose}`}`
}

/** @returns undefined if somebody else has the name */
function bind(name: string): Promise<net.Server | undefined> {
  const connections = new Set<net.Socket>()
  const server = net.createServer(connection => {
    connections.add(connection)
    connection.on('error', () => {}).on('close', () => connections.delete(connection))
  })
  server.unref()
  const close = server.close.bind(server)
  server.close = callback => {
    for (const connection of connections) connection.destroy()
    return close(callback)
  }
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    )
    server.listen(name, () => resolve(server))
  })
}

/** Settles when the holder lets go of the lock, or has already. */
function released(name: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path: name })
    const abort = () => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    socket.on('error', () => {})
    socket.on('close', () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
  })
}
