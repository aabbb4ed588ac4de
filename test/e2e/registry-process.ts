import { execFileSync, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { freePort, type Machine } from './machine.ts'

/**
 * Debian's docker-registry on loopback, outside of any container, until the machine goes.
 * @param auth the section `auth` of its configuration
 * @returns `127.0.0.1:PORT`
 */
export async function startRegistryProcess(machine: Machine, auth: string): Promise<string> {
  const port = await freePort()
  const cwd = await machine.project(`registry-${port}`, {
    'config.yml': `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: ${join(machine.dir, `registry-${port}`)} } }
http: { addr: "127.0.0.1:${port}" }
${auth}`,
  })
  const registry = spawn('docker-registry', ['serve', 'config.yml'], { cwd, stdio: 'ignore' })
  machine.defer(() => void registry.kill())
  while (!(await listens(port))) await setTimeout(20)
  return `127.0.0.1:${port}`
}

const listens = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false)).on('close', () => socket.destroy())
    socket.on('connect', () => socket.destroy())
  })

/** A line of an htpasswd file. */
export const htpasswd = (user: string, password: string): string =>
  `${user}:${execFileSync('perl', ['-e', 'print crypt($ARGV[0], q($2y$05$abcdefghijklmnopqrstuu))', password], { encoding: 'utf8' })}\n`
