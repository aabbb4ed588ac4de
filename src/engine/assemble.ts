import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import type { ImageStore } from '../image/image.ts'
import type { Networks as NetworkLayer } from '../network/network.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type BuildMemory, LazyBuilder } from './build/lazy-builder.ts'
import type { EngineConfig } from './config.ts'
import { adoptContainers, loadContainers } from './container/adopt.ts'
import { ContainerRegistry } from './container/registry.ts'
import { donorOf } from './container/release.ts'
import { makeBaseLayer } from './container/root.ts'
import { endContainers } from './container/shutdown.ts'
import type { Context, Directories } from './context.ts'
import { EventLog } from './events/event-log.ts'
import { ExecRegistry } from './exec/registry.ts'
import { newId } from './ids.ts'
import { ImageClaims } from './image/claims.ts'
import { type LocalEngine, localEngine } from './local-engine.ts'
import { connectedTo } from './network/connections.ts'
import { Networks } from './network/networks.ts'
import { Sampler } from './stats/sampler.ts'
import { lockDataRoot } from './store/data-lock.ts'
import { readJson, writeJson } from './store/json-file.ts'
import { Rubbish } from './store/rubbish.ts'
import { readMachine } from './system/machine.ts'
import { readRemap } from './system/remap.ts'
import { Volumes } from './volume/volumes.ts'

export interface EngineOptions {
  /** The data root: what outlasts a restart of the machine. */
  readonly dataDir: string
  /** What does not; on a tmpfs, best. */
  readonly runDir: string
  readonly config: EngineConfig
  /** Told what no caller waits for: damaged files, limits that the machine cannot apply, failed restarts. */
  readonly report?: (message: string) => void
}

/** What the engine is built on. */
export interface Layers {
  readonly runtime: Runtime
  readonly networks: NetworkLayer
  readonly images: ImageStore
  /** What earlier builds have left. */
  readonly build?: BuildMemory
}

/** Opens an engine on layers that may be others than the real ones; see `openEngine`. */
export async function openEngineOn(
  options: EngineOptions,
  open: (options: EngineOptions) => Promise<Layers>,
): Promise<LocalEngine> {
  const { dataDir, runDir, config, report = () => {} } = options
  await using undo = new AsyncDisposableStack()
  const directories = directoriesOf(dataDir, runDir)
  // Nobody else may pass: layers and volumes hold other people's files, and programs that run as root.
  await Promise.all(Object.values(directories).map(path => mkdir(path, { recursive: true, mode: 0o710 })))
  undo.use(lockDataRoot(dataDir))
  makeBaseLayer(directories.baseLayer)
  const [machine, { runtime, networks: networkLayer, images, build }, userNamespace] = await Promise.all([
    readMachine(),
    open(options),
    readRemap(config.usernsRemap),
  ])
  undo.use(networkLayer)
  undo.defer(() => runtime.close())
  const closing = new AbortController()
  const containers = new ContainerRegistry()
  const events = new EventLog()
  const connected = (id: string) => connectedTo({ containers }, id).map(({ container }) => container.name)
  const usedBy = (name: string) => usersOf(containers, name)
  const context: Context = {
    config,
    machine,
    userNamespace,
    directories,
    runtime,
    networkLayer,
    images,
    imageClaims: new ImageClaims(),
    containers,
    networks: new Networks({ directory: directories.networks, layer: networkLayer, events, connected, report }),
    volumes: new Volumes({ directory: directories.volumes, events, usedBy, report }),
    execs: new ExecRegistry(),
    events,
    sampler: new Sampler({
      networkLayer,
      networkOwner: container => (donorOf({ containers }, container) ?? container).id,
      report: error => report(messageOf(error)),
    }),
    rubbish: undo.use(new Rubbish(directories.rubbish, report)),
    hasBuilder: build !== undefined,
    builder: undo.use(new LazyBuilder(() => context, build)).open,
    closing: closing.signal,
    report,
  }
  await Promise.all([context.networks.load(), context.volumes.load(), loadContainers(context)])
  const { id, machineRestarted } = await identify(dataDir, report)
  await adoptContainers(context, machineRestarted)
  undo.defer(() => context.networks.retire())
  undo.defer(() => letGo(containers))
  undo.defer(() => closing.abort())
  const opened = undo.move()
  return localEngine(context, id, {
    close: () => opened.disposeAsync(),
    async shutDown() {
      closing.abort()
      await endContainers(context)
    },
  })
}

const directoriesOf = (data: string, run: string): Directories => ({
  data,
  containers: join(data, 'containers'),
  baseLayer: join(data, 'base'),
  rubbish: join(data, 'rubbish'),
  networks: join(data, 'networks'),
  volumes: join(data, 'volumes'),
  run,
  runs: join(run, 'runs'),
})

const usersOf = (containers: ContainerRegistry, volume: string): string[] =>
  containers
    .all()
    .filter(({ record }) => record.mounts.some(mount => mount.type === 'volume' && mount.name === volume))
    .map(({ id }) => id)

/** What is under way comes to its end, and everything is on disk. */
async function letGo(containers: ContainerRegistry): Promise<void> {
  for (const container of containers.all()) {
    container.restartWait?.[Symbol.dispose]()
    container.run?.over.abort()
  }
  await Promise.all(
    containers.all().map(async container => {
      await container.serial.idle()
      await container.saved()
    }),
  )
}

interface Identity {
  readonly id: string
  /** Of the machine when an engine was here last: random(4). */
  readonly bootId?: string
}
const isIdentity = (value: unknown): value is Identity => typeof (value as Identity | null)?.id === 'string'

/**
 * Which engine this is: `ID` of info, the same as long as the data root is; and whether the machine has been restarted
 * since the one before.
 */
async function identify(
  dataDir: string,
  report: (message: string) => void,
): Promise<{ readonly id: string; readonly machineRestarted: boolean }> {
  const file = join(dataDir, 'engine.json')
  const found = await readJson(file, isIdentity)
  if ('setAside' in found) report(`damaged identity of the engine set aside as ${found.setAside}`)
  const known = 'value' in found ? found.value : undefined
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  const id = known?.id ?? newId()
  if (known?.bootId !== bootId || 'setAside' in found) await writeJson(file, { id, bootId } satisfies Identity)
  return { id, machineRestarted: known?.bootId !== undefined && known.bootId !== bootId }
}
