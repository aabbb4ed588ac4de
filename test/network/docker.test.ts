import { setTimeout as sleep } from 'node:timers/promises'
import './own-host.ts'
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask, hostAddress, Machine, outsideAddress, port, sh, shell, skip } from './machine.ts'

/** The real dockerd of Debian's package beside us, in the namespace that this process takes for the host. */
class Dockerd implements AsyncDisposable {
  readonly #dir: string
  readonly #env: NodeJS.ProcessEnv
  #process: ChildProcess | undefined

  constructor(dir: string, backend: 'nft' | 'legacy') {
    this.#dir = dir
    const bin = join(dir, 'bin')
    mkdirSync(bin, { recursive: true })
    for (const name of ['iptables', 'ip6tables']) symlinkSync(`/usr/sbin/${name}-${backend}`, join(bin, name))
    this.#env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, DOCKER_HOST: `unix://${dir}/docker.sock` }
  }

  async start(): Promise<void> {
    const paths = [
      '--data-root',
      `${this.#dir}/data`,
      '--exec-root',
      `${this.#dir}/exec`,
      '--pidfile',
      `${this.#dir}/pid`,
    ]
    const started = spawn('dockerd', [...paths, '-H', `unix://${this.#dir}/docker.sock`], {
      env: this.#env,
      stdio: 'ignore',
    })
    this.#process = started
    while (spawnSync('docker', ['version'], { env: this.#env }).status !== 0) {
      assert.equal(started.exitCode, null, 'dockerd has ended')
      await sleep(100)
    }
  }

  async stop(): Promise<void> {
    const ended = this.#process && once(this.#process, 'exit')
    this.#process?.kill('SIGTERM')
    this.#process = undefined
    await ended
  }

  run(...args: string[]): void {
    const { status, stderr } = spawnSync('docker', args, { env: this.#env, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    sh('ip link delete docker0 2>/dev/null || true; nft flush ruleset')
    sh(
      'for t in filter nat; do iptables-legacy -t $t -F; iptables-legacy -t $t -X; iptables-legacy -t $t -P FORWARD ACCEPT 2>/dev/null; done || true',
    )
  }
}

const missing = ['dockerd', 'iptables-legacy'].filter(name => spawnSync('which', [name]).status !== 0)

for (const backend of ['nft', 'legacy'] as const)
  test(`beside Docker by iptables-${backend}, which is restarted: everything is reached, and its rules stay`, {
    skip: skip || (missing.length > 0 && `needs ${missing.join(' and ')}`),
  }, async () => {
    await using machine = await Machine.start()
    await using docker = new Dockerd(join(machine.root, 'docker'), backend)
    // As a set: Docker writes its own in another order after a restart.
    const rules = () =>
      sh('nft list ruleset; iptables-legacy-save 2>/dev/null || true')
        .split('\n')
        .map(line => line.replace(/counter packets \d+ bytes \d+ ?|^[#:].*/g, ''))
        .sort()
    await docker.start()
    sh(`${backend === 'nft' ? 'iptables-nft' : 'iptables-legacy'} -P FORWARD DROP`)
    docker.run('network', 'create', 'theirs')
    const before = rules()

    const net = await machine.network('ours')
    const web = await machine.sandbox('web', [net], { publish: [port(80, 8080)] })
    await machine.serve(web, 'web', 80)
    await machine.serve('outside', 'outside', 80)
    const all = async (when: string) => {
      const other = await machine.sandbox('other', [net])
      assert.match(await machine.fromOutside(ask(hostAddress, 8080)), /^web /, when)
      assert.match(await shell(ask('127.0.0.1', 8080)), /^web /, when)
      assert.match(await machine.in(other, ask('web', 80)), /^web /, when)
      assert.match(await machine.in(other, ask(hostAddress, 8080)), /^web /, when)
      assert.equal(await machine.in(other, ask(outsideAddress, 80)), `outside ${hostAddress}\n`, when)
      await machine.networks.removeSandbox(other.containerId)
    }
    await all('Docker was here before')
    await docker.stop()
    await all('Docker has gone')
    await docker.start()
    await all('Docker has come again')
    await machine.networks.removeSandbox(web.containerId)
    await machine.networks.removeNetwork(net.id)
    assert.deepEqual(rules(), before)
    docker.run('network', 'rm', 'theirs')
  })
