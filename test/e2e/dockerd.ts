import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Result } from './machine.ts'

/** Docker itself, from Debian's package docker.io, to show what we make to. */
export interface Dockerd {
  /** Runs its client, with BuildKit or whatever `env` says. */
  docker(args: readonly string[], env?: NodeJS.ProcessEnv): Result
}

/** Starts a dockerd that touches neither devices nor the firewall: its containers have no network but the host's. */
export async function startDockerd(t: TestContext): Promise<Dockerd> {
  const dir = mkdtempSync('/tmp/tscompose-dockerd-')
  // Sockets of shims do not fit below every directory.
  const execRoot = mkdtempSync('/dev/shm/tsd-')
  const host = `unix://${dir}/docker.sock`
  const paths = ['--data-root', join(dir, 'data'), '--exec-root', execRoot, '--pidfile', join(dir, 'pid')]
  const daemon = spawn(
    'dockerd',
    [...paths, '-H', host, '--bridge=none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'],
    { stdio: 'ignore' },
  )
  const ended = once(daemon, 'exit')
  t.after(async () => {
    daemon.kill('SIGTERM')
    await ended
    for (const path of [dir, execRoot]) rmSync(path, { recursive: true, force: true })
  })
  const env = { PATH: process.env.PATH, HOME: dir, DOCKER_HOST: host }
  const docker: Dockerd['docker'] = (args, more) => {
    const { status, stdout, stderr } = spawnSync('/usr/bin/docker', args, {
      env: { ...env, ...more },
      encoding: 'utf8',
    })
    return { code: status, stdout, stderr }
  }
  while (docker(['version']).code !== 0) {
    if (daemon.exitCode !== null) throw new Error(`dockerd has ended with ${daemon.exitCode}`)
    await sleep(50)
  }
  return { docker }
}
