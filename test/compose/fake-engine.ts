import { EventEmitter, on } from 'node:events'
import { Readable } from 'node:stream'
import type {
  ContainerCreateRequest,
  ContainerInspect,
  ContainerListOptions,
  ContainerState,
  ContainerSummary,
  Engine,
  EventMessage,
  NetworkInspect,
  Volume,
} from '../../src/engine/api.ts'
import { encodeFrame } from '../../src/engine/stream-frames.ts'
import { type ErrorCode, TscomposeError } from '../../src/errors.ts'

interface FakeContainer {
  readonly id: string
  name: string
  readonly request: ContainerCreateRequest
  state: ContainerState
}

/** What a container does once it is started; by the name of its service. */
export type Behaviour = (container: FakeControl) => void
export interface FakeControl {
  exit(code: number): void
  health(status: 'healthy' | 'unhealthy', output?: string): void
  /** It has ended, and is about to be started again by its policy. */
  crash(code: number, restarts: number): void
}

/**
 * The engine in memory, as far as Compose uses it: no time passes, nothing runs. `calls` has every operation that
 * changes something, in order; `failures` makes an operation on a name fail.
 */
export class FakeEngine {
  readonly calls: string[] = []
  readonly failures = new Map<string, Error>()
  /** How often a container's policy has started it again, by its name. */
  readonly restarts = new Map<string, number>()
  /** What a container has written, by its name. */
  readonly output = new Map<string, string>()
  readonly behaviours = new Map<string, Behaviour>()
  readonly #containers = new Map<string, FakeContainer>()
  readonly #networks = new Map<string, NetworkInspect>()
  readonly #volumes = new Map<string, Volume>()
  readonly #images: ReadonlyMap<string, string>
  readonly #events = new EventEmitter().setMaxListeners(0)
  #count = 0
  /** How many operations are under way, and were at most. */
  busy = 0
  mostBusy = 0
  /** Held operations: they end when the test says so. */
  readonly held = new Map<string, Promise<void>>()

  constructor(images: readonly string[] = ['busybox']) {
    this.#images = new Map(images.map((name, i) => [name, `sha256:${String(i).repeat(64)}`]))
  }

  /** The interface; what is not here fails loudly. */
  get engine(): Engine {
    return this as unknown as Engine
  }

  async #call<T>(name: string, act: () => T): Promise<T> {
    this.busy++
    this.mostBusy = Math.max(this.mostBusy, this.busy)
    try {
      this.calls.push(name)
      await (this.held.get(name) ?? Promise.resolve())
      const failure = this.failures.get(name)
      if (failure) throw failure
      return act()
    } finally {
      this.busy--
    }
  }

  #find(id: string): FakeContainer {
    const found = this.#containers.get(id) ?? [...this.#containers.values()].find(({ name }) => name === id)
    if (!found) throw new TscomposeError('ENGINE_CONTAINER_NOT_FOUND', `no such container: ${id}`)
    return found
  }

  #emit(Action: string, { id, name, request }: FakeContainer): void {
    const Actor = { ID: id, Attributes: { ...request.Labels, name } }
    const event: EventMessage = { Type: 'container', Action, Actor, scope: 'local', time: 0, timeNano: 0 }
    this.#events.emit('event', event)
  }

  get names(): string[] {
    return [...this.#containers.values()].map(({ name, state }) => `${name} ${state.Status}`).sort()
  }

  request(name: string): ContainerCreateRequest {
    return this.#find(name).request
  }

  control(name: string): FakeControl {
    const container = this.#find(name)
    return {
      exit: code => {
        container.state = { ...container.state, Status: 'exited', Running: false, ExitCode: code }
        this.#emit('die', container)
      },
      crash: (code, restarts) => {
        this.restarts.set(container.name, restarts)
        const times = { StartedAt: '2020-01-01T00:00:00Z', FinishedAt: '2020-01-01T00:00:01.5Z' }
        container.state = { ...container.state, ...times, Status: 'restarting', ExitCode: code }
        this.#emit('die', container)
      },
      health: (status, output) => {
        const Log = output === undefined ? [] : [{ Start: '', End: '', ExitCode: 1, Output: output }]
        container.state = { ...container.state, Health: { Status: status, FailingStreak: Log.length, Log } }
        this.#emit(`health_status: ${status}`, container)
      },
    }
  }

  async systemEvents(_options: object, signal: AbortSignal): Promise<AsyncIterable<EventMessage>> {
    const stream = on(this.#events, 'event', { signal })
    return (async function* () {
      for await (const [event] of stream) yield event as EventMessage
    })()
  }

  /** Of the filters only `health`. */
  async containerList({ filters = {} }: ContainerListOptions = {}): Promise<ContainerSummary[]> {
    const { health } = filters
    const listed = [...this.#containers.values()].filter(({ state }) =>
      health ? state.Running && health.includes(state.Health?.Status ?? 'none') : true,
    )
    return listed.map(({ id, name, request, state }) => ({
      Id: id,
      Names: [`/${name}`],
      Image: request.Image,
      ImageID: this.#images.get(request.Image) ?? '',
      Command: '',
      Created: 0,
      Ports: [],
      Labels: request.Labels ?? {},
      State: state.Status,
      Status: state.Health ? `Up (${state.Health.Status})` : '',
      HostConfig: { NetworkMode: request.HostConfig?.NetworkMode ?? '' },
      NetworkSettings: {
        Networks: Object.fromEntries(
          Object.keys(request.NetworkingConfig?.EndpointsConfig ?? {}).map(network => [
            network,
            { NetworkID: this.#networks.get(network)?.Id ?? '' },
          ]),
        ),
      },
      Mounts: (request.HostConfig?.Mounts ?? []).map(mount => ({
        Type: mount.Type,
        Name: mount.Source ?? '',
        Source: '',
        Destination: mount.Target,
        Mode: '',
        RW: true,
        Propagation: '',
      })),
    }))
  }

  containerCreate(name: string, request: ContainerCreateRequest) {
    return this.#call(`create ${name}`, () => {
      const id = String(++this.#count).padStart(64, '0')
      const Health = request.Healthcheck && { Status: 'starting' as const, FailingStreak: 0, Log: [] }
      const state: ContainerState = {
        Status: 'created',
        Running: false,
        Paused: false,
        Restarting: false,
        OOMKilled: false,
        Dead: false,
        Pid: 0,
        ExitCode: 0,
        Error: '',
        StartedAt: '2020-01-01T00:00:00Z',
        FinishedAt: '',
        ...(Health && { Health }),
      }
      this.#containers.set(id, { id, name, request, state })
      return { Id: id, Warnings: [] }
    })
  }

  async containerInspect(id: string): Promise<ContainerInspect> {
    const { state, name, request } = this.#find(id)
    return {
      Id: id,
      Name: `/${name}`,
      State: state,
      RestartCount: this.restarts.get(name) ?? 0,
      HostConfig: request.HostConfig ?? {},
      Config: request,
    } as unknown as ContainerInspect
  }

  async containerLogs(id: string): Promise<Readable> {
    const lines = (this.output.get(this.#find(id).name) ?? '').split('\n').filter(line => line !== '')
    return Readable.from(lines.map(line => encodeFrame('stdout', Buffer.from(`2020-01-01T00:00:00Z ${line}\n`))))
  }

  containerStart(id: string): Promise<boolean> {
    const container = this.#find(id)
    return this.#call(`start ${container.name}`, () => {
      container.state = { ...container.state, Status: 'running', Running: true }
      this.#emit('start', container)
      this.behaviours.get(container.request.Labels?.['com.docker.compose.service'] ?? '')?.(this.control(container.id))
      return true
    })
  }

  containerStop(id: string): Promise<boolean> {
    const container = this.#find(id)
    return this.#call(`stop ${container.name}`, () => {
      this.control(container.id).exit(0)
      return true
    })
  }

  containerRestart(id: string): Promise<void> {
    return this.#call(`restart ${this.#find(id).name}`, () => {})
  }

  containerRename(id: string, name: string): Promise<void> {
    const container = this.#find(id)
    return this.#call(`rename ${container.name} ${name}`, () => {
      container.name = name
    })
  }

  containerDelete(id: string): Promise<void> {
    const { name } = this.#find(id)
    return this.#call(`remove ${name}`, () => void this.#containers.delete(this.#find(name).id))
  }

  async imageInspect(name: string) {
    const id = this.#images.get(name)
    if (id === undefined) throw new TscomposeError('ENGINE_IMAGE_NOT_FOUND', `no such image: ${name}`)
    return { Id: id, Config: {}, Metadata: { LastTagTime: '' } }
  }

  async networkList(): Promise<NetworkInspect[]> {
    return [...this.#networks.values()]
  }
  networkCreate({ Name, Labels = {} }: { Name: string; Labels?: Record<string, string> }) {
    return this.#call(`network ${Name}`, () => {
      const Id = `id of ${Name}`
      this.#networks.set(Name, { Name, Id, Labels } as NetworkInspect)
      return { Id, Warning: '' }
    })
  }
  networkDelete(id: string): Promise<void> {
    const name = id.replace('id of ', '')
    return this.#call(`remove network ${name}`, () => void this.#networks.delete(name))
  }
  async volumeList() {
    return { Volumes: [...this.#volumes.values()], Warnings: [] }
  }
  volumeCreate({ Name = '', Labels = {} }: { Name?: string; Labels?: Record<string, string> }) {
    return this.#call(`volume ${Name}`, () => {
      this.#volumes.set(Name, { Name, Labels } as Volume)
      return { Name, Labels } as Volume
    })
  }
  volumeDelete(name: string): Promise<void> {
    return this.#call(`remove volume ${name}`, () => void this.#volumes.delete(name))
  }

  /** Keeps an operation from ending until the returned function is called. */
  hold(name: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.held.set(name, promise)
    return resolve
  }

  fail(name: string, code: ErrorCode, message: string): void {
    this.failures.set(name, new TscomposeError(code, message))
  }
}
