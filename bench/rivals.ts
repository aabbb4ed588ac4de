import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { request } from './api.ts'
import { dockerCompose } from './docker-compose.ts'

/**
 * What tscompose is measured against, from Debian's packages: dockerd with its client (`docker.io`), and docker compose
 * from the package of Debian trixie, which is unpacked and run alone. Everything runs in directories of its own.
 */
export interface Rival extends AsyncDisposable {
  readonly name: string
  readonly socket: string
  /** The Compose command, and the environment in which it finds this engine. */
  readonly compose: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** The command that runs a program in a container. */
  readonly exec: readonly string[]
  /** The command that builds an image of a directory. */
  readonly imageBuild: readonly string[]
  /** Whether a process is one of the engine's, rather than one in a container. */
  owns(pid: string): boolean
  load(archive: string): void
  /** The same without waiting for it. */
  loading(archive: string): Promise<unknown>
}

export interface RivalOptions {
  /** The directory in which it makes one for all that it keeps on disk. */
  readonly parent: string
  /** More arguments for the daemon. */
  readonly arguments?: readonly string[]
}

const run = promisify(execFile)

/** Run-time directories are in memory on ordinary machines (/run), which this machine's may not be. */
const runtimeRoot = '/dev/shm'

const ordinary: RivalOptions = { parent: '/tmp' }

export async function docker({ parent, arguments: more = [] } = ordinary): Promise<Rival> {
  const compose = dockerCompose()
  const dir = mkdtempSync(join(parent, 'tsbench-docker-'))
  const runDir = mkdtempSync(join(runtimeRoot, 'tsbench-docker-'))
  const socket = join(dir, 'docker.sock')
  const forwarding = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8')
  const paths = ['--data-root', join(dir, 'data'), '--exec-root', runDir, '--pidfile', join(dir, 'pid')]
  const daemon = spawn('dockerd', [...paths, ...more, '-H', `unix://${socket}`], { stdio: 'ignore' })
  await answering(socket, daemon)
  const env = { ...process.env, DOCKER_HOST: `unix://${socket}` }
  return {
    name: 'docker',
    socket,
    compose: [compose],
    env,
    // Debian's own: a newer client would need buildx for BuildKit.
    imageBuild: ['/usr/bin/docker', 'build'],
    exec: ['docker', 'exec'],
    // dockerd, containerd and its shims name the directory in their arguments.
    owns: pid => readProcess(pid, 'cmdline').includes(runDir),
    load: archive => void execFileSync('docker', ['load', '-q', '-i', archive], { env, stdio: 'ignore' }),
    loading: archive => run('docker', ['load', '-q', '-i', archive], { env }),
    async [Symbol.asyncDispose]() {
      await removeEverything(socket)
      const ended = new Promise(resolve => daemon.once('exit', resolve))
      daemon.kill('SIGTERM')
      await ended
      for (const command of ['ip link delete docker0', 'nft delete table ip nat', 'nft delete table ip filter'])
        execFileSync('sh', ['-c', `${command} 2> /dev/null || true`])
      writeFileSync('/proc/sys/net/ipv4/ip_forward', forwarding)
      for (const path of [dir, runDir]) rmSync(path, { recursive: true, force: true })
    },
  }
}

/** As npm installs it, without the sources: in a checkout `bin/tscompose` looks whether they are newer than the bundle. */
function installed(root: string, home: string): string {
  mkdirSync(join(home, 'bin'), { recursive: true })
  const program = join(home, 'bin/tscompose')
  copyFileSync(join(root, 'bin/tscompose'), program)
  for (const name of ['dist', 'node_modules']) symlinkSync(join(root, name), join(home, name))
  return program
}

export async function tscompose(root: string, { parent }: RivalOptions = ordinary): Promise<Rival> {
  const dir = mkdtempSync(join(parent, 'tsbench-ours-'))
  const runDir = mkdtempSync(join(runtimeRoot, 'tsbench-ours-'))
  const program = installed(root, join(dir, 'package'))
  const socket = join(runDir, 'engine.sock')
  const env = {
    ...process.env,
    TSCOMPOSE_DATA: join(dir, 'data'),
    TSCOMPOSE_RUN: runDir,
    TSCOMPOSE_CONFIG: join(dir, 'config.json'),
  }
  writeFileSync(env.TSCOMPOSE_CONFIG, '{}')
  execFileSync(program, ['engine', 'start'], { env, stdio: 'ignore' })
  const engine = String((await request(socket, 'GET', '/tscompose/engine')).json.pid)
  return {
    name: 'tscompose',
    socket,
    compose: [program],
    env,
    imageBuild: [program, 'image', 'build'],
    exec: [program, 'container', 'exec'],
    // The engine, and what it has started: monitors, and the processes that unpack.
    owns: pid =>
      pid === engine ||
      new RegExp(`\\((?:tscompose-[a-z]*|MainThread|node)\\) \\w ${engine} `).test(readProcess(pid, 'stat')),
    load: archive => void execFileSync(program, ['image', 'load', archive], { env, stdio: 'ignore' }),
    loading: archive => run(program, ['image', 'load', archive], { env }),
    async [Symbol.asyncDispose]() {
      await removeEverything(socket)
      execFileSync(program, ['engine', 'stop'], { env, stdio: 'ignore' })
      for (const path of [dir, runDir]) rmSync(path, { recursive: true, force: true })
    },
  }
}

function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return '' // it has ended
  }
}

/** What a benchmark that failed has left. */
async function removeEverything(socket: string): Promise<void> {
  if (!existsSync(socket)) return // ours ends by itself when nothing has run for a while
  const { list } = await request(socket, 'GET', '/v1.41/containers/json?all=1')
  for (const { Id } of list) await request(socket, 'DELETE', `/v1.41/containers/${Id}?force=1&v=1`)
  await request(socket, 'POST', '/v1.41/networks/prune')
}

async function answering(socket: string, daemon: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (daemon.exitCode !== null) throw new Error(`dockerd ended with ${daemon.exitCode}`)
    if (existsSync(socket) && (await request(socket, 'GET', '/_ping').catch(() => undefined))?.status === 200) return
    await sleep(100)
  }
  throw new Error('dockerd does not answer')
}
