import { chmodSync, chownSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join, posix } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { seedVolume } from '../../runtime/seed-volume.ts'
import type { MountSpec } from '../../runtime/spec.ts'
import type { BindMount, CacheMount, RunStep, SecretMount, SshMount } from '../dockerfile/step.ts'
import type { ConnectAgent } from '../request.ts'
import type { Build } from '../solve/build.ts'
import { writableRoot } from '../solve/stack.ts'
import type { StageState } from '../solve/stage.ts'
import type { Sandbox } from './sandbox.ts'
import { socketPath } from './ssh-agent.ts'

/** What a step has mounted, and the variables that tell it where. */
export interface StepMounts extends AsyncDisposable {
  readonly mounts: readonly MountSpec[]
  readonly env: readonly (readonly [string, string])[]
}

/** @param runDir a directory in memory, which is made when something is put there and removed at the end */
export async function openMounts(
  build: Build,
  state: StageState,
  step: RunStep,
  sandbox: Pick<Sandbox, 'ownerOf'>,
  runDir: string,
  signal: AbortSignal,
): Promise<StepMounts> {
  await using held = new AsyncDisposableStack()
  await mkdir(runDir, { recursive: true, mode: 0o700 })
  held.defer(() => rm(runDir, { recursive: true, force: true }))
  const opener = new MountOpener(build, state, step, sandbox, runDir, held)
  for (const mount of step.mounts) {
    if (mount.type === 'bind') await opener.bind(mount)
    else if (mount.type === 'cache') await opener.cache(mount, signal)
    else if (mount.type === 'secret') await opener.secret(mount, signal)
    else if (mount.type === 'ssh') await opener.ssh(mount)
    else opener.tmpfs(mount.target, mount.size)
  }
  if (step.scriptFile) await opener.script(step.scriptFile)
  const owned = held.move()
  return { mounts: opener.mounts, env: opener.env, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

class MountOpener {
  readonly mounts: MountSpec[] = []
  readonly env: [string, string][] = []
  readonly #build: Build
  readonly #state: StageState
  readonly #step: RunStep
  readonly #sandbox: Pick<Sandbox, 'ownerOf'>
  readonly #runDir: string
  readonly #held: AsyncDisposableStack
  #files = 0

  constructor(
    build: Build,
    state: StageState,
    step: RunStep,
    sandbox: Pick<Sandbox, 'ownerOf'>,
    runDir: string,
    held: AsyncDisposableStack,
  ) {
    this.#build = build
    this.#state = state
    this.#step = step
    this.#sandbox = sandbox
    this.#runDir = runDir
    this.#held = held
  }

  #target(path: string): string {
    return posix.resolve('/', this.#state.stage.config.WorkingDir ?? '/', path)
  }

  tmpfs(target: string, size: number | undefined): void {
    const options = ['mode=1777', 'exec', ...(size === undefined ? [] : [`size=${size}`])]
    this.mounts.push({ type: 'tmpfs', destination: this.#target(target), readonly: false, options })
  }

  /** An overlay, whatever it comes from: links lead nowhere else, and what is written is thrown away. */
  async bind({ target, from, source, readonly }: BindMount): Promise<void> {
    this.mounts.push({
      type: 'overlay',
      layers: await this.#rootOf(from),
      source: posix.resolve('/', source),
      destination: this.#target(target),
      readonly,
    })
  }

  async #rootOf(from: string | undefined) {
    const origin = from === undefined ? undefined : this.#state.node.origins.get(from)
    const stack = origin && (await this.#build.stackOf(origin))
    const directory = await this.#build.newDirectory()
    const root = await writableRoot(stack ?? { layers: [], key: '' }, directory)
    return stack ? root : { ...root, lowerdirs: [await this.#build.directoryOf(origin)] }
  }

  async cache(mount: CacheMount, signal: AbortSignal): Promise<void> {
    const seed = async (path: string) => {
      if (mount.from === undefined) return
      await seedVolume({ ...(await this.#rootOf(mount.from)), readonly: true }, posix.resolve('/', mount.source), path)
    }
    const { path } = this.#held.use(await this.#build.around.mounts.open(mount, seed, signal))
    const destination = this.#target(mount.target)
    this.mounts.push({ type: 'bind', source: path, destination, readonly: mount.readonly, owned: true })
  }

  async secret({ id, target, env, required, mode, uid, gid }: SecretMount, signal: AbortSignal): Promise<void> {
    const value = await this.#secretValue(id, signal)
    if (!value) {
      if (required) throw this.#missing(`secret ${id}: not found`)
      return
    }
    if (env !== undefined) this.env.push([env, Buffer.from(value).toString()])
    if (target === undefined) return
    const path = await this.#file(value, mode, uid, gid)
    this.mounts.push({ type: 'bind', source: path, destination: this.#target(target), readonly: true })
  }

  async #secretValue(id: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const source = this.#build.plan.request.secrets.get(id)
    if (source?.kind === 'value') return source.value
    if (source?.kind === 'client') return await source.read(signal)
    return (
      source &&
      (await readFile(source.path).catch(error => {
        throw this.#missing(`secret ${id}: ${error.message}`)
      }))
    )
  }

  async script({ name, content }: { readonly name: string; readonly content: string }): Promise<void> {
    const path = await this.#file(Buffer.from(content), 0o755, 0, 0)
    this.mounts.push({ type: 'bind', source: path, destination: `/dev/pipes/${name}`, readonly: true })
  }

  async #file(content: Uint8Array, mode: number, uid: number, gid: number): Promise<string> {
    const path = join(this.#runDir, String(this.#files++))
    await writeFile(path, content, { mode: 0o600, flag: 'wx' })
    chownSync(path, ...this.#sandbox.ownerOf(uid, gid))
    chmodSync(path, mode)
    return path
  }

  /** A socket of our own before the agent's: that of the host belongs to somebody else. */
  async ssh({ id, target, required, mode, uid, gid }: SshMount): Promise<void> {
    const agent = await this.#build.sshAgent(id)
    if (agent === undefined) {
      if (required) throw this.#missing(`ssh agent ${id}: not found`)
      return
    }
    const path = socketPath(this.#build.around.runDir)
    const server = await forward(path, agent)
    this.#held.defer(() => void server.close())
    const index = this.#files++
    chownSync(path, ...this.#sandbox.ownerOf(uid, gid))
    chmodSync(path, mode)
    const destination = this.#target(target ?? `/run/buildkit/ssh_agent.${index}`)
    this.mounts.push({ type: 'bind', source: path, destination, readonly: false })
    this.env.push(['SSH_AUTH_SOCK', destination])
  }

  #missing(message: string): TscomposeError {
    return new TscomposeError('BUILD_SECRET_MISSING', message, { where: this.#step.instruction.where })
  }
}

async function forward(path: string, agent: ConnectAgent): Promise<Server> {
  const server = createServer(client => {
    const connection = agent()
    const end = () => {
      client.destroy()
      connection.destroy()
    }
    client.on('error', end).on('close', end).pipe(connection).on('error', end).on('close', end).pipe(client)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return server
}
