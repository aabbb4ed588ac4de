import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ContainerCreateRequest, EventMessage, LogsOptions } from '../../src/engine/api.ts'
import { type Layers, openEngineOn } from '../../src/engine/assemble.ts'
import { defaultConfig, type EngineConfig } from '../../src/engine/config.ts'
import type { LocalEngine } from '../../src/engine/local-engine.ts'
import { FrameDecoder } from '../../src/engine/stream-frames.ts'
import type { ImageConfig, ImageStore } from '../../src/image/image.ts'
import { isPlatform } from '../../src/image/platform.ts'
import { rootfsImage } from '../../src/image/rootfs.ts'
import type { Endpoint, Networks, Sandbox, SandboxSpec } from '../../src/network/network.ts'
import { createRuntime } from '../../src/runtime/create-runtime.ts'

const busybox = '/usr/bin/busybox'
/** Resolves when there is nothing at `path` any more. */
export async function gone(path: string): Promise<void> {
  while (existsSync(path)) await sleep(10)
}

export const skip =
  (process.getuid?.() !== 0 && 'needs root') || (!existsSync(busybox) && 'needs busybox-static') || false

/** Directories of a test and the engines on them; disposing removes every container, and then the directories. */
export class Bench implements AsyncDisposable {
  readonly root: string
  readonly dataDir: string
  readonly runDir: string
  /** A root file system with busybox, `/seed/file` and two users. */
  readonly rootfs: string
  readonly reports: string[] = []
  readonly layers: FakeLayers

  private constructor(root: string) {
    this.root = root
    this.dataDir = join(root, 'data')
    this.runDir = join(root, 'run')
    this.rootfs = join(root, 'rootfs')
    this.layers = new FakeLayers(this.rootfs, this.runDir)
  }

  static async make(): Promise<Bench> {
    const bench = new Bench(await mkdtemp(join(tmpdir(), 'tsc-engine-')))
    makeRootfs(bench.rootfs)
    return bench
  }

  /** The directories of a bench that another process has made. */
  static at(root: string): Bench {
    return new Bench(root)
  }

  get image(): string {
    return `rootfs:${this.rootfs}`
  }

  open(config: Partial<EngineConfig> = {}): Promise<LocalEngine> {
    const { dataDir, runDir } = this
    return openEngineOn(
      { dataDir, runDir, config: { ...defaultConfig, ...config }, report: message => this.reports.push(message) },
      async () => this.layers.open(),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const engine = await this.open()
    for (const { Id } of await engine.containerList({ all: true })) {
      await engine.containerDelete(Id, { force: true, volumes: true })
    }
    await engine[Symbol.asyncDispose]()
    await rm(this.root, { recursive: true, force: true })
  }
}

function makeRootfs(rootfs: string): void {
  for (const directory of ['bin', 'etc', 'seed', 'proc', 'sys', 'dev', 'tmp', 'run']) {
    mkdirSync(join(rootfs, directory), { recursive: true })
  }
  copyFileSync(busybox, join(rootfs, 'bin/busybox'))
  for (const name of [
    'sh',
    'sleep',
    'cat',
    'echo',
    'true',
    'id',
    'env',
    'ls',
    'test',
    'touch',
    'mount',
    'hostname',
    'kill',
  ]) {
    symlinkSync('busybox', join(rootfs, 'bin', name))
  }
  writeFileSync(join(rootfs, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n')
  writeFileSync(join(rootfs, 'etc/group'), 'root:x:0:\nann:x:1000:\nstaff:x:50:ann\n')
  writeFileSync(join(rootfs, 'seed/file'), 'seeded\n')
}

/** The real runtime on images that are directories, and networks that only keep books. */
class FakeLayers {
  /** What images say besides the empty one, by what stands behind the path: `rootfs:/path` and `rootfs:/path#name`. */
  readonly configs = new Map<string, ImageConfig>()
  readonly sandboxes = new Map<string, Sandbox>()
  readonly calls: string[] = []
  readonly #rootfs: string
  readonly #runDir: string

  constructor(rootfs: string, runDir: string) {
    this.#rootfs = rootfs
    this.#runDir = runDir
  }

  open(): Layers {
    return { runtime: createRuntime({ runDir: this.#runDir }), networks: this.#networks(), images: this.#images() }
  }

  #images(): ImageStore {
    const unused = () => Promise.reject(new Error('no test needs it'))
    const find: ImageStore['find'] = async (reference, platform) => {
      const image = await rootfsImage(`rootfs:${this.#rootfs}`)
      if (platform && !isPlatform(platform, image.platform)) return undefined
      const config = this.configs.get(reference)
      if (config) return { ...image, config: { ...image.config, ...config }, repoTags: [reference] }
      return [`rootfs:${this.#rootfs}`, image.id].includes(reference) ? image : undefined
    }
    return {
      get workshop(): never {
        throw new Error('no test needs it')
      },
      get registries(): never {
        throw new Error('no test needs it')
      },
      find,
      findAll: async reference => [(await find(reference)) ?? []].flat(),
      manifests: async () => [],
      list: async () => [],
      findListed: async () => undefined,
      descriptor: async () => undefined,
      lowerdirs: () => [this.#rootfs],
      layerSize: () => 0,
      documentsSize: async () => 0,
      pull: unused,
      pullAll: unused,
      push: unused,
      load: unused,
      save: unused,
      layerSizes: () => [],
      tag: unused,
      remove: unused,
      settled: async () => {},
    }
  }

  #networks(): Networks {
    const { calls, sandboxes } = this
    const subnet = { subnet: '10.99.0.0/24', gateway: '10.99.0.1' }
    const endpoint = (spec: SandboxSpec['endpoints'][number], index: number): Endpoint => ({
      ...spec,
      ipv4Address: spec.ipv4Address ?? `10.99.0.${sandboxes.size + 2}`,
      macAddress: '02:42:0a:63:00:02',
      interfaceName: `eth${index}`,
      gateway: subnet.gateway,
      ipv4PrefixLength: 24,
    })
    const change = (id: string, to: (endpoints: readonly Endpoint[]) => readonly Endpoint[]) => {
      const sandbox = sandboxes.get(id)
      if (sandbox) sandboxes.set(id, { ...sandbox, endpoints: to(sandbox.endpoints) })
    }
    return {
      createNetwork: async spec => ({ ...spec, subnets: [subnet], bridge: 'tsc0', mtu: 1500 }),
      removeNetwork: async () => {},
      createSandbox: async spec => {
        calls.push(`create ${spec.containerName}`)
        const sandbox: Sandbox = {
          containerId: spec.containerId,
          netnsPath: `/proc/${process.pid}/ns/net`,
          endpoints: spec.endpoints.map(endpoint),
          ports: spec.ports.map(port => ({
            ...port,
            hostIp: port.hostIp ?? '0.0.0.0',
            hostPort: port.hostPort?.from ?? 1,
          })),
          containerName: spec.containerName,
          requestedPorts: spec.ports,
          dns: spec.dns,
          resolvConf: 'nameserver 127.0.0.11\n',
        }
        sandboxes.set(spec.containerId, sandbox)
        return sandbox
      },
      removeSandbox: async id => {
        calls.push('remove')
        sandboxes.delete(id)
      },
      settled: async () => {},
      connect: async (id, spec) => {
        const made = endpoint(spec, 1)
        change(id, endpoints => [...endpoints, made])
        return made
      },
      disconnect: async (id, networkId) => change(id, all => all.filter(one => one.networkId !== networkId)),
      publish: async () => {},
      isWhole: () => true,
      rename: async () => {},
      unconnectedResolvConf: () => 'nameserver 1.1.1.1\n',
      sandbox: id => sandboxes.get(id),
      interfaceStats: async () => new Map(),
      adopt: async (_, alive) => alive,
      nameServer: () => undefined,
      [Symbol.asyncDispose]: async () => {},
    }
  }
}

/** A container of busybox on the host's network, made and started. @returns its id */
export async function run(
  engine: LocalEngine,
  bench: Bench,
  command: string[],
  more: Partial<ContainerCreateRequest> = {},
): Promise<string> {
  const id = await create(engine, bench, command, more)
  await engine.containerStart(id)
  return id
}

export async function create(
  engine: LocalEngine,
  { image }: Bench,
  command: string[],
  { HostConfig, ...more }: Partial<ContainerCreateRequest> = {},
): Promise<string> {
  const HostConfigWithNetwork = { NetworkMode: 'host', ...HostConfig }
  const { Id } = await engine.containerCreate(undefined, {
    Image: image,
    Cmd: command,
    ...more,
    HostConfig: HostConfigWithNetwork,
  })
  return Id
}

export const exitCode = async (engine: LocalEngine, id: string): Promise<number> =>
  (await (await engine.containerWait(id, 'not-running', new AbortController().signal)).exited).StatusCode

/** What a container has written so far. */
export async function output(engine: LocalEngine, id: string, options: LogsOptions = {}): Promise<string> {
  return await textOf(await engine.containerLogs(id, { stdout: true, stderr: true, ...options }))
}

/** The payloads of a stream of frames. */
export async function textOf(stream: Readable): Promise<string> {
  const frames = new FrameDecoder().push(await buffer(stream))
  return frames.map(({ payload }) => payload.toString()).join('')
}

/** The result of exec. */
export async function exec(engine: LocalEngine, id: string, command: string[], user?: string) {
  const { Id } = await engine.execCreate(id, {
    Cmd: command,
    AttachStdout: true,
    AttachStderr: true,
    ...(user && { User: user }),
  })
  const stream = await engine.execStart(Id, {})
  if (!stream) throw new Error('no stream')
  stream.end()
  const text = await textOf(stream)
  while ((await engine.execInspect(Id)).Running) await sleep(1)
  return { text, exitCode: (await engine.execInspect(Id)).ExitCode }
}

/** Resolves with the first event that `wanted` accepts, from the moment this is called on. */
export async function event(engine: LocalEngine, wanted: (event: EventMessage) => boolean): Promise<EventMessage> {
  const enough = new AbortController()
  try {
    for await (const one of await engine.systemEvents({}, enough.signal)) if (wanted(one)) return one
  } finally {
    enough.abort()
  }
  throw new Error('the events ended')
}
