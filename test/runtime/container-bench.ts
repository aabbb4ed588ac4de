import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync } from 'node:fs'
import { copyFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { defaultCapabilities } from '../../src/runtime/capabilities.ts'
import { createRuntime } from '../../src/runtime/create-runtime.ts'
import { defaultMaskedPaths, defaultReadonlyPaths } from '../../src/runtime/defaults.ts'
import type { AttachStreams, ExitStatus, Launched, Runtime } from '../../src/runtime/runtime.ts'
import type { ContainerSpec, ProcessSpec } from '../../src/runtime/spec.ts'

export const busybox = '/usr/bin/busybox'
export const skip =
  (process.getuid?.() !== 0 && 'needs root') || (!existsSync(busybox) && 'needs busybox-static') || false

export const output: AttachStreams = { stdin: false, stdout: true, stderr: true, closeStdin: false }

export type SpecChanges = Partial<Omit<ContainerSpec, 'process'>> & { readonly process?: Partial<ProcessSpec> }

export interface Result extends ExitStatus {
  readonly stdout: string
  readonly stderr: string
  readonly warnings: readonly string[]
}

/** A runtime with directories of its own and a root of busybox; disposing it takes everything away again. */
export class Bench implements AsyncDisposable {
  readonly base: string
  readonly rootfs: string
  readonly runtime: Runtime
  readonly #ids: string[] = []

  private constructor(base: string) {
    this.base = base
    this.rootfs = join(base, 'rootfs')
    mkdirSync(join(base, 'run'))
    this.runtime = createRuntime({ runDir: join(base, 'run') })
  }

  static async make(): Promise<Bench> {
    const bench = new Bench(realpathSync(mkdtempSync(join(tmpdir(), 'tscompose-container-'))))
    const bin = join(bench.rootfs, 'bin')
    mkdirSync(bin, { recursive: true })
    await copyFile(busybox, join(bin, 'busybox'))
    for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n'))
      if (applet !== 'busybox') symlinkSync('busybox', join(bin, applet))
    return bench
  }

  /** A directory for a test to use. */
  directory(name: string): string {
    const path = join(this.base, name)
    mkdirSync(path, { recursive: true })
    return path
  }

  spec(script: string, { process: changes, ...more }: SpecChanges = {}): ContainerSpec {
    const id = randomBytes(32).toString('hex')
    this.#ids.push(id)
    const stateDir = this.directory(`containers/${id}`)
    mkdirSync(join(stateDir, 'upper'))
    mkdirSync(join(stateDir, 'work'))
    return {
      id,
      hostname: 'box',
      root: { lowerdirs: [this.rootfs], writableLayer: stateDir, readonly: false },
      mounts: [],
      process: this.process(script, changes),
      init: false,
      namespaces: { pid: 'private', ipc: 'private', uts: 'private', cgroup: 'host', network: 'host' },
      resources: {},
      cgroupParent: '',
      devices: [],
      privileged: false,
      maskedPaths: defaultMaskedPaths(),
      readonlyPaths: defaultReadonlyPaths,
      sysctl: {},
      shmSize: 1 << 20,
      log: { driver: 'none', maxSize: 0, maxFiles: 0 },
      stateDir,
      ...more,
    }
  }

  process(script: string, changes: Partial<ProcessSpec> = {}): ProcessSpec {
    return {
      args: ['sh', '-c', script],
      env: ['PATH=/bin'],
      cwd: '/',
      user: { uid: 0, gid: 0, additionalGids: [0] },
      terminal: false,
      stdin: false,
      capabilities: defaultCapabilities,
      noNewPrivileges: false,
      rlimits: [],
      ...changes,
    }
  }

  /** Runs a container to its end and releases it. */
  async run(script: string, changes: SpecChanges = {}): Promise<Result> {
    const spec = this.spec(script, changes)
    const { container, warnings } = await this.runtime.launch(spec, output)
    const streams = demultiplex(container.streams as Readable)
    const result = { ...(await container.exited), ...(await streams), warnings }
    await this.runtime.release(spec.id)
    return result
  }

  /** What a shell in a new container prints. */
  async print(script: string, changes: SpecChanges = {}): Promise<string> {
    const { stdout, stderr, exitCode } = await this.run(script, changes)
    if (exitCode !== 0 || stderr) throw new Error(`exit code ${exitCode}: ${stderr}`)
    return stdout.trim()
  }

  /** A container that runs until the test ends. */
  async start(script = 'sleep 1000', changes: SpecChanges = {}): Promise<Launched & { readonly spec: ContainerSpec }> {
    const spec = this.spec(script, { init: true, ...changes })
    return { ...(await this.runtime.launch(spec)), spec }
  }

  /** Everything that is left of this bench's containers anywhere on the machine, in words. */
  leftovers(): string[] {
    const mine = (text: string) => text.includes(this.base) || this.#ids.some(id => text.includes(id))
    return [
      ...globSync('/sys/fs/cgroup/{,*/}tscompose-*').filter(mine),
      ...globSync(join(this.base, 'run/containers/*')),
      ...readFileSync('/proc/self/mounts', 'utf8').split('\n').filter(mine),
      ...globSync('/proc/[0-9]*/cmdline').filter(file => mine(readSafely(file))),
      ...globSync('/proc/[0-9]*/cgroup').filter(file => mine(readSafely(file))),
    ]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#ids) await this.runtime.release(id)
    this.runtime.close()
    await rm(this.base, { recursive: true, force: true })
  }
}

/** The process may have gone meanwhile. */
function readSafely(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Takes Docker's stream format apart. */
export async function demultiplex(stream: Readable): Promise<{ stdout: string; stderr: string }> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const texts = { stdout: '', stderr: '' }
  for (let at = 0; at < bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at + 4)
    texts[bytes[at] === 1 ? 'stdout' : 'stderr'] += bytes.toString('utf8', at + 8, end)
    at = end
  }
  return texts
}
