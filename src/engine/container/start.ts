import { chown } from 'node:fs/promises'
import { messageOf } from '../../errors.ts'
import type { Image } from '../../image/image.ts'
import { hostId } from '../../runtime/id-map.ts'
import { readRootFile } from '../../runtime/rootfs/root-files.ts'
import type { ContainerSpec, UserNamespaceSpec } from '../../runtime/spec.ts'
import { resolveUser } from '../../runtime/user.ts'
import { settleAll } from '../../settle.ts'
import { injectDevices } from '../cdi/inject.ts'
import type { Context } from '../context.ts'
import { imageNotFound, stateConflict } from '../failures.ts'
import { imageOfContainer } from '../image/of-container.ts'
import { defaultProfile, loadDefaultProfile } from '../system/apparmor.ts'
import { toContainerSpec } from '../translate/container-spec.ts'
import { deviceNumberOf, translateDevices } from '../translate/devices.ts'
import { commandLine } from '../translate/merge-config.ts'
import { parseNamespaceModes } from '../translate/namespace-modes.ts'
import { translateResources } from '../translate/resources.ts'
import { connectWaiting, dismissWaiting, earlyStreams } from './attach.ts'
import type { Container, ContainerDirectory } from './container.ts'
import { emitContainer, emitEndpoints, emitMounts } from './events.ts'
import { watchRun } from './exit.ts'
import { inDockersWords, launchExitCode } from './launch-error.ts'
import { linkedVariables } from './links.ts'
import { resolveMounts } from './mounts.ts'
import { chooseNamespaces } from './namespaces.ts'
import { setUpNetwork } from './networking.ts'
import { releaseContainer } from './release.ts'
import { removeContainer } from './remove.ts'
import { rootOf } from './root.ts'
import { saveNewRun } from './run-record.ts'
import { failedToStart, isRunning } from './state.ts'

/**
 * Starts a container because somebody asked for it.
 * @returns false if it was running already
 */
export async function startContainer(context: Context, container: Container): Promise<boolean> {
  return await container.serial.run(async () => {
    if (container.state.status === 'paused') {
      throw stateConflict('cannot start a paused container, try unpause instead')
    }
    if (isRunning(container.state)) return false
    container.restartDelayMs = 0
    await launchContainer(context, container, { restartCount: 0, manuallyStopped: false })
    return true
  })
}

/**
 * Launches a container; called within its `serial`. What fails leaves it as it was before, with the reason in its
 * state, and nothing acquired.
 */
export async function launchContainer(
  context: Context,
  container: Container,
  changes: { readonly restartCount?: number; readonly manuallyStopped?: boolean } = {},
): Promise<void> {
  if (container.removing) throw stateConflict('container is marked for removal and cannot be started')
  const hadSandbox = container.sandbox !== undefined
  container.released = false
  try {
    const spec = await describe(context, container)
    if (spec.process.apparmorProfile === defaultProfile) await loadDefaultProfile()
    // Written before the launch: an engine that is killed during it leaves a trace for the next one to follow.
    saveNewRun(container, spec)
    const { container: process, warnings } = await context.runtime.launch(
      spec,
      earlyStreams(container),
      context.networkLayer.nameServer(container.id),
    )
    for (const warning of warnings) context.report(`container ${container.name}: ${warning}`)
    const run = { process, spec, over: new AbortController() }
    container.run = run
    const state = { status: 'running', pid: process.pid, startedAt: process.startedAt.toISOString() } as const
    container.updateSoon({ ...changes, state }).catch(error => context.report(messageOf(error)))
    watchRun(context, container, run)
    connectWaiting(context, container, run)
  } catch (failure) {
    const error = inDockersWords(failure, commandLine(container.record.config)[0])
    await failStart(context, container, error)
    throw error
  }
  const { sandbox } = container
  if (!hadSandbox && sandbox) emitEndpoints(context, container, networkIds(sandbox), 'connect')
  emitMounts(context, container, 'mount')
  emitContainer(context, container, 'start')
}

const networkIds = ({ endpoints }: { endpoints: readonly { readonly networkId: string }[] }): string[] =>
  endpoints.map(({ networkId }) => networkId)

/** Looks up everything that a container needs, and acquires its network. */
async function describe(context: Context, container: Container): Promise<ContainerSpec> {
  const { id, record, directory } = container
  const { config, hostConfig } = record
  const image = await imageOf(context, container)
  const root = rootOf(context, container, image)
  const modes = parseNamespaceModes(hostConfig)
  const resources = translateResources(hostConfig, context.machine.processors, deviceNumberOf)
  const user = resolveUser(config.User ?? '', hostConfig.GroupAdd ?? [], path => readRootFile(root, path)?.toString())
  const [mounts, devices, injected, { pid, ipc, mounts: memory }, network] = await settleAll([
    resolveMounts(context, container, image),
    translateDevices(hostConfig.Devices ?? []),
    injectDevices(hostConfig, context.config.cdiSpecDirs, user),
    chooseNamespaces(context, container, modes),
    setUpNetwork(context, container),
  ])
  if (hostConfig.UsernsMode !== 'host') await giveToRoot(directory, context.userNamespace)
  return toContainerSpec(
    { id, config: { ...config, Env: [...(config.Env ?? []), ...injected.env] }, hostConfig, modes },
    {
      root,
      user: { ...user, additionalGids: [...user.additionalGids, ...injected.additionalGids] },
      mounts: [...memory, ...mounts, ...injected.mounts],
      devices: [...devices, ...injected.devices],
      resources,
      hostname: network.hostname,
      linked: linkedVariables(context, container),
      namespaces: { pid, ipc, network: network.namespace },
      stateDir: directory.root,
    },
    context,
  )
}

/** The files of /etc are in the run-time directory, a tmpfs: those can be mounted with other owners since Linux 6.3 only. */
async function giveToRoot(
  { hosts, hostname, resolvConf }: ContainerDirectory,
  userNamespace: UserNamespaceSpec | undefined,
): Promise<void> {
  if (!userNamespace) return
  const [uid, gid] = [hostId(userNamespace.uidMappings, 0) ?? 0, hostId(userNamespace.gidMappings, 0) ?? 0]
  await Promise.all([hosts, hostname, resolvConf].map(file => chown(file, uid, gid)))
}

async function imageOf(context: Context, { record }: Container): Promise<Image> {
  const image = await imageOfContainer(context, record)
  if (!image) throw imageNotFound(record.config.Image)
  return image
}

async function failStart(context: Context, container: Container, error: unknown): Promise<void> {
  container.health = undefined
  const ends = container.state.status === 'restarting'
  await container
    .update({ state: failedToStart(container.state, launchExitCode(error), messageOf(error)) })
    .catch(failure => context.report(messageOf(failure))) // what the start failed of is what is told
  await releaseContainer(context, container)
  // Who waits for the end of a first run hears of the failure as the answer to the start, and of nothing else.
  if (ends) container.announceExit()
  dismissWaiting(container)
  if (container.record.hostConfig.AutoRemove) {
    void removeContainer(context, container, { force: true, volumes: true }).catch(failure =>
      context.report(messageOf(failure)),
    )
  }
}
