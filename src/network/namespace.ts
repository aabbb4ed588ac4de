import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CLONE, MNT, MS } from '../sys/constants.ts'
import { linux } from '../sys/kernel.ts'
import { inPool } from '../sys/pool.ts'

/**
 * Network namespaces that outlive every process, network_namespaces(7): each is pinned by a bind mount of its nsfs file
 * on `<directory>/<container id>`.
 *
 * setns(2) and unshare(2) act on the calling thread alone, and a thread that is started inherits the namespace of the
 * thread that starts it. So only synchronous code runs inside, and libuv's threads are started before the first visit.
 * What another thread reads of /proc/self/net meanwhile is of the namespace visited: only /proc/thread-self will do.
 */

const hostNamespace = openSync('/proc/thread-self/ns/net', 'r')

/** Back to the host's namespace. If that fails, all that follows would happen in a container: the process must end. */
function leave(): void {
  try {
    linux.setns(hostNamespace, CLONE.NEWNET)
  } catch {
    process.abort()
  }
}

/** Runs `visit`, synchronous code, in the namespace at `path`. What it opens (sockets) stays of that namespace. */
export function inNamespace<T>(path: string, visit: () => T): T {
  const namespace = openSync(path, 'r')
  try {
    linux.setns(namespace, CLONE.NEWNET)
    try {
      return visit()
    } finally {
      leave()
    }
  } finally {
    // An open descriptor would keep the namespace, with its devices, after unpin().
    closeSync(namespace)
  }
}

/** Makes a namespace, or takes an `existing` one, pins it at `path` and runs `visit` in it. Nothing is left on failure. */
export function pinNamespace<T>(path: string, visit: () => T, existing?: string): T {
  closeSync(openSync(path, 'wx', 0o600))
  try {
    if (existing !== undefined) {
      linux.mount(existing, path, null, MS.BIND, null)
      return inNamespace(path, visit)
    }
    linux.unshare(CLONE.NEWNET)
    try {
      linux.mount('/proc/thread-self/ns/net', path, null, MS.BIND, null)
      return visit()
    } finally {
      leave()
    }
  } catch (error) {
    if (isPinned(path)) linux.umount2(path, MNT.DETACH)
    unlinkSync(path)
    throw error
  }
}

/**
 * Lets go of the namespace: it ends when the last process and the last socket in it have gone. Idempotent. It takes the
 * kernel a millisecond, so it is done in the pool.
 */
export async function unpinNamespace(path: string): Promise<void> {
  if (!existsSync(path)) return
  if (isPinned(path)) await inPool('umount2', path, MNT.DETACH)
  await rm(path, { force: true })
}

const nsfs = statSync('/proc/self/ns/net').dev

/** False also for the plain file that a restart of the machine leaves. */
export const isPinned = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.dev === nsfs

/** The files in the directory of pinned namespaces, which is made if it is not there. */
export function pinnedNames(directory: string): readonly string[] {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return readdirSync(directory)
}

export const pinnedPath = (runDir: string, containerId: string): string => join(runDir, 'netns', containerId)

/** What a namespace has of interfaces. */
export const interfaceNames = (path: string): readonly string[] =>
  inNamespace(path, () => readFileSync('/proc/thread-self/net/dev', 'utf8'))
    .split('\n')
    .flatMap(line => /^\s*(\S+):/.exec(line)?.[1] ?? [])
