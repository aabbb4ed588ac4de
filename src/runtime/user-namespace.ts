import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { TscomposeError } from '../errors.ts'
import { formatIdMap } from './id-map.ts'
import type { UserNamespaceSpec } from './spec.ts'

/**
 * The user namespaces of an engine: one for each mapping, made when the first container needs it and held by a
 * descriptor. A container keeps it alive by itself; the next engine makes another one with the same mapping.
 */
export class UserNamespaces {
  readonly #held = new Map<string, Promise<number>>()

  /** @returns a path that leads to the namespace, for as long as this process lives */
  async pathOf(spec: UserNamespaceSpec): Promise<string> {
    const key = JSON.stringify(spec)
    const made = this.#held.get(key) ?? make(spec)
    this.#held.set(key, made)
    made.catch(() => this.#held.delete(key))
    return `/proc/${process.pid}/fd/${await made}`
  }

  close(): void {
    for (const made of this.#held.values()) made.then(closeSync, () => {})
    this.#held.clear()
  }
}

/** @throws TscomposeError RUNTIME_USER_NAMESPACE_FAILED */
async function make({ uidMappings, gidMappings }: UserNamespaceSpec): Promise<number> {
  // This process has threads, which may not leave their user namespace: unshare(1) does, and waits.
  const child = spawn('unshare', ['--user', '--', 'cat'], { stdio: 'pipe' })
  let words = ''
  child.stderr.on('data', text => {
    words += text
  })
  child.stdin.on('error', () => {}) // told by its end
  const ended = Promise.race([once(child, 'close'), once(child, 'error').then(([error]) => Promise.reject(error))])
  try {
    child.stdin.write('.')
    const isThere = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)])
    if (!isThere) throw new Error(words.trim())
    writeFileSync(`/proc/${child.pid}/uid_map`, formatIdMap(uidMappings))
    writeFileSync(`/proc/${child.pid}/gid_map`, formatIdMap(gidMappings))
    return openSync(`/proc/${child.pid}/ns/user`, 'r')
  } catch (cause) {
    throw new TscomposeError(
      'RUNTIME_USER_NAMESPACE_FAILED',
      `no user namespace can be made: ${(cause as Error).message}`,
      { cause, fix: 'See /proc/sys/user/max_user_namespaces; or set "userns-remap" to "".' },
    )
  } finally {
    child.stdin.end()
    ended.catch(() => {})
  }
}
