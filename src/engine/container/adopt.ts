import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../errors.ts'
import type { Sandbox } from '../../network/network.ts'
import { removeTree } from '../../remove-tree.ts'
import type { Adopted, ExitStatus } from '../../runtime/runtime.ts'
import type { Context } from '../context.ts'
import { readJson } from '../store/json-file.ts'
import { Container } from './container.ts'
import { handleExit, restartContainer, scheduleRestart, watchRun } from './exit.ts'
import { thaw } from './pause.ts'
import { isContainerRecord } from './record.ts'
import { donorOf, releaseContainer } from './release.ts'
import { removeContainer } from './remove.ts'
import { restartsWithMachine } from './restart-policy.ts'
import { forgetRuns, type RunRecord, readRuns, readSandbox } from './run-record.ts'
import { isAlive } from './state.ts'

/** Reads the containers that are written down, and takes away what is left of removed and half-made ones. */
export async function loadContainers(context: Context): Promise<void> {
  const { containers: directory } = context.directories
  const names = await readdir(directory).catch(() => [])
  await Promise.all(
    names.map(async name => {
      const root = join(directory, name)
      const found = await readJson(join(root, 'container.json'), isContainerRecord)
      if ('setAside' in found) context.report(`damaged record of a container set aside as ${found.setAside}`)
      if ('value' in found) {
        const container = new Container(found.value, context.directories)
        context.containers.add(container)
        if (found.setAside) await container.save()
      } else if ('missing' in found && !(await isSetAside(root))) await removeTree(root, { force: true })
    }),
  )
}

/** Whether a person has still to look at what is in there. */
const isSetAside = async (root: string): Promise<boolean> =>
  (await readdir(root).catch(() => [])).some(name => name.includes('.damaged-'))

/** What an earlier engine left of a container. */
interface Found {
  readonly container: Container
  readonly run: RunRecord | undefined
  readonly adopted: Adopted
}

/**
 * Takes over what an earlier engine left: containers that run go on running, the end of others is made up for, and
 * after a restart of the machine those whose policy says so are started. Resolves when the state of each is right; what
 * is to be started starts meanwhile.
 */
export async function adoptContainers(context: Context, machineRestarted: boolean): Promise<void> {
  const runs = readRuns(context)
  const containers = context.containers.all()
  const found = await Promise.all(containers.map(container => look(context, container, runs.get(container.id))))
  for (const { container, run, adopted } of found) if (adopted.status === 'running') takeOver(container, run, adopted)
  await context.volumes.adopt(found.filter(({ adopted }) => adopted.status === 'running').flatMap(volumesOf))
  // One network that cannot be made again must not keep all the others from their engine.
  await adoptNetworks(context, found).catch(error => context.report(`networks: ${messageOf(error)}`))
  const known = new Set(containers.map(({ id }) => id))
  for (const id of runs.keys()) if (!known.has(id)) forgetRuns(context, id)
  for (const id of await context.runtime.removeUnknown([...known])) {
    context.report(`removed what was left of container ${id}`)
  }
  const lost = new Set(
    found.flatMap(({ container, adopted }) =>
      adopted.status === 'lost' && isAlive(container.state) ? [container.id] : [],
    ),
  )
  for (const { container, adopted } of found) {
    if (adopted.status === 'running' && container.run) watchRun(context, container, container.run, true)
  }
  const again = new Set<Container>()
  await Promise.all(
    found.map(one =>
      one.container.serial
        .run(() => settle(context, one, () => again.add(one.container)))
        .catch(error => context.report(`container ${one.container.name}: ${messageOf(error)}`)),
    ),
  )
  startAgain(
    context,
    containers.filter(container => {
      if (again.has(container)) return true
      const { record, state } = container
      if (state.status !== 'exited' || !(lost.has(record.id) || machineRestarted)) return false
      const { manuallyStopped, restartCount: count } = record
      const ended = { exitCode: state.exitCode, manuallyStopped, count }
      const policy = record.hostConfig.RestartPolicy ?? { Name: 'no' }
      // What had come to rest before the machine did rests on, but for what is always to run.
      return lost.has(record.id) ? restartsWithMachine(policy, ended) : policy.Name === 'always'
    }),
  )
}

const volumesOf = ({ container: { id, record } }: Found): (readonly [string, string])[] =>
  record.mounts.flatMap(mount => (mount.type === 'volume' ? [[mount.name, id] as const] : []))

/** Starts containers that were meant to run: those in whose network others live before these. */
function startAgain(context: Context, containers: readonly Container[]): void {
  const starts = new Map<Container, Promise<void>>()
  const start = (container: Container): Promise<void> => {
    const known = starts.get(container)
    if (known) return known
    const donor = donorOf(context, container)
    const before = donor && containers.includes(donor) ? start(donor) : Promise.resolve()
    const started = before.then(() => container.serial.run(() => restartContainer(context, container)))
    starts.set(container, started)
    return started
  }
  for (const container of containers) void start(container)
}

async function look(context: Context, container: Container, run: RunRecord | undefined): Promise<Found> {
  const lost = (error: unknown): Adopted => {
    context.report(`container ${container.name}: ${messageOf(error)}`)
    return { status: 'lost' }
  }
  if (!run) return { container, run, adopted: await lookForEnd(context, container).catch(lost) }
  return { container, run, adopted: await context.runtime.adopt(run.spec).catch(lost) }
}

/** What ended before the machine did has said so, though the engine had no time to write it down. */
async function lookForEnd({ runtime }: Context, { id, state, directory }: Container): Promise<Adopted> {
  const exit = isAlive(state) ? await runtime.lastExit(id, directory.root) : undefined
  return exit ? { status: 'exited', exit } : { status: 'lost' }
}

function takeOver(container: Container, run: RunRecord | undefined, adopted: Adopted): void {
  if (adopted.status !== 'running' || !run) return
  const { container: process } = adopted
  container.run = { process, spec: run.spec, over: new AbortController() }
  container.sandbox = run.sandbox
  container.health = run.health
}

/** Sandboxes of containers that run, and of those that a running one lives in. */
async function adoptNetworks(
  { networkLayer, networks, containers, report }: Context,
  found: readonly Found[],
): Promise<void> {
  const joined = new Set(
    found.flatMap(({ adopted, run }) => {
      const network = adopted.status === 'running' ? run?.spec.namespaces.network : undefined
      return typeof network === 'object' ? [network.path] : []
    }),
  )
  const kept: Sandbox[] = found.flatMap(({ container, adopted, run }) => {
    const sandbox = run?.sandbox ?? readSandbox(container, report)
    return sandbox && (adopted.status === 'running' || joined.has(sandbox.netnsPath)) ? [sandbox] : []
  })
  const existing = networks.all().flatMap(({ network }) => (network ? [network] : []))
  const nameServers = new Map(
    found.flatMap(({ container, adopted, run }) => {
      const socket = adopted.status === 'running' && run?.sandbox ? adopted.container.nameServer() : undefined
      return socket === undefined ? [] : [[container.id, socket] as const]
    }),
  )
  for (const sandbox of await networkLayer.adopt(existing, kept, nameServers)) {
    const container = containers.get(sandbox.containerId)
    if (container) container.sandbox = sandbox
  }
}

/**
 * Brings the state of a container in line with what was found; called within its `serial`.
 * @param startAgain told that it has ended meanwhile, and is to run by its policy
 */
async function settle(context: Context, { container, run, adopted }: Found, startAgain: () => void): Promise<void> {
  const { record, state } = container
  switch (adopted.status) {
    case 'running': {
      const { pid, startedAt } = adopted.container
      if (isAlive(state) && 'pid' in state && state.pid === pid) {
        if (state.status === 'paused' && state.forCommit) await thaw(context, container)
        return
      }
      await container.update({ state: { status: 'running', pid, startedAt: startedAt.toISOString() } })
      return
    }
    case 'exited':
      if (state.status === 'exited' && state.finishedAt === adopted.exit.finishedAt.toISOString()) {
        await releaseContainer(context, container)
        return
      }
      // The engine may have been killed before it wrote down the start.
      if (!isAlive(state)) {
        await container.update({ state: { status: 'running', pid: 0, startedAt: savedAt(run, adopted.exit) } })
      }
      await handleExit(context, container, adopted.exit, startAgain)
      return
    case 'lost':
      if (isAlive(state)) await handleLoss(context, container)
      else if (run) await releaseContainer(context, container)
      if (state.status === 'restarting') scheduleRestart(context, container, 0)
      else if (record.hostConfig.AutoRemove && state.status === 'exited') void discard(context, container)
  }
}

const savedAt = (run: RunRecord | undefined, exit: ExitStatus): string =>
  run ? new Date(run.savedAt).toISOString() : exit.finishedAt.toISOString()

/** Nobody saw it end: the machine was restarted. Docker calls that exit code 255. */
async function handleLoss(context: Context, container: Container): Promise<void> {
  const { record, state } = container
  const startedAt = 'startedAt' in state ? state.startedAt : new Date().toISOString()
  await container.update({
    state: {
      status: 'exited',
      startedAt,
      finishedAt: new Date().toISOString(),
      exitCode: 255,
      oomKilled: false,
      error: '',
    },
  })
  await releaseContainer(context, container)
  if (record.hostConfig.AutoRemove) void discard(context, container)
}

const discard = (context: Context, container: Container): Promise<void> =>
  removeContainer(context, container, { force: true, volumes: true }).catch(error => context.report(messageOf(error)))
