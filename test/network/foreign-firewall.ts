import './own-host.ts'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sh } from './machine.ts'

/** How a firewall's rules get into the kernel. */
export type Backend = 'nftables' | 'iptables-nft' | 'iptables-legacy'

/** What of these programs is not here, as a reason to skip. */
export function without(...programs: readonly string[]): string | false {
  const missing = programs.filter(name => spawnSync('which', [name]).status !== 0)
  return missing.length > 0 && `needs ${missing.join(' and ')}`
}

/**
 * The real firewall of a distribution, in the namespace that this process takes for the host, and in a mount namespace
 * of its own: what it writes to /etc, and what it takes for iptables, is nobody else's.
 */
export abstract class ForeignFirewall implements AsyncDisposable {
  protected readonly dir: string
  protected readonly backend: Backend
  readonly #room: ChildProcess
  readonly #processes: ChildProcess[] = []

  constructor(dir: string, backend: Backend) {
    this.dir = dir
    this.backend = backend
    mkdirSync(dir)
    // A multi-call program knows by its name what it is to be, so one can stand for the other.
    const legacy = 'mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi'
    const script = `${backend === 'iptables-legacy' ? `${legacy} && ` : ''}touch ${dir}/ready && exec sleep 1000`
    this.#room = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script], { stdio: 'ignore' })
    sh(`until [ -e ${dir}/ready ]; do sleep 0.02; done`)
  }

  protected get env(): NodeJS.ProcessEnv {
    return process.env
  }

  /** Runs a command of the firewall's to its end; its output. */
  run(command: string): string {
    return execFileSync('nsenter', [`--mount=/proc/${this.#room.pid}/ns/mnt`, 'sh', '-c', command], {
      encoding: 'utf8',
      stdio: 'pipe',
      env: this.env,
    })
  }

  protected spawn(command: string): ChildProcess {
    const args = [`--mount=/proc/${this.#room.pid}/ns/mnt`, 'sh', '-c', `exec ${command}`]
    const child = spawn('nsenter', args, { stdio: 'ignore', env: this.env })
    this.#processes.push(child)
    return child
  }

  protected async end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }

  abstract start(): Promise<void>
  /** Puts its rules in place anew, as its own command does. */
  abstract reload(): Promise<void>
  abstract stop(): Promise<void>
  /** As `systemctl restart` does. */
  abstract restart(): Promise<void>

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [...this.#processes.reverse(), this.#room]) await this.end(child)
    sh('nft flush ruleset')
    for (const program of ['iptables-legacy', 'ip6tables-legacy'])
      sh(`for t in filter nat mangle raw security; do ${program} -t $t -F; ${program} -t $t -X; done 2>/dev/null || true
        for c in INPUT FORWARD OUTPUT; do ${program} -P $c ACCEPT; done 2>/dev/null || true`)
  }
}

/** firewalld(1), with a D-Bus of its own. */
export class Firewalld extends ForeignFirewall {
  #daemon: ChildProcess | undefined

  protected override get env(): NodeJS.ProcessEnv {
    return { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${this.dir}/bus` }
  }

  async start(): Promise<void> {
    const { dir } = this
    mkdirSync(join(dir, 'etc'), { recursive: true })
    const conf = { FirewallBackend: this.backend === 'nftables' ? 'nftables' : 'iptables', CleanupModulesOnExit: 'no' }
    writeFileSync(
      join(dir, 'etc/firewalld.conf'),
      Object.entries(conf)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
    writeFileSync(
      join(dir, 'bus.conf'),
      `<busconfig><type>system</type><listen>unix:path=${dir}/bus</listen><auth>EXTERNAL</auth>
       <policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
       <allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>`,
    )
    this.spawn(`dbus-daemon --config-file=${dir}/bus.conf --nofork`)
    sh(`until [ -e ${dir}/bus ]; do sleep 0.02; done`)
    await this.#startDaemon()
  }

  async #startDaemon(): Promise<void> {
    const { dir } = this
    this.#daemon = this.spawn(
      `firewalld --nofork --nopid --system-config ${dir}/etc --log-target file --log-file ${dir}/log`,
    )
    this.run('until firewall-cmd --state; do sleep 0.1; done')
  }

  async reload(): Promise<void> {
    // As `firewall-cmd --reload`, which waits for no more than 25 seconds: too few where processors are emulated.
    const name = 'org.fedoraproject.FirewallD1'
    this.run(
      `dbus-send --system --print-reply --reply-timeout=600000 --dest=${name} /${name.replaceAll('.', '/')} ${name}.reload`,
    )
  }

  async stop(): Promise<void> {
    if (this.#daemon) await this.end(this.#daemon)
    this.#daemon = undefined
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.#startDaemon()
  }
}

/** ufw(8). */
export class Ufw extends ForeignFirewall {
  async start(): Promise<void> {
    const copy = `${this.dir}/etc`
    this.run(`cp -a /etc/ufw ${copy} && mount --bind ${copy} /etc/ufw
      mkdir ${this.dir}/run && mount --bind ${this.dir}/run /run
      ufw --force enable && ufw allow 22/tcp`)
  }

  async reload(): Promise<void> {
    this.run('ufw reload')
  }

  async stop(): Promise<void> {
    this.run('ufw --force disable')
  }

  async restart(): Promise<void> {
    await this.stop()
    this.run('ufw --force enable')
  }
}
