import { stat } from 'node:fs/promises'
import { TscomposeError } from '../../errors.ts'
import { isDeviceNode, splitDeviceNumber } from '../../runtime/device-node.ts'
import type { DeviceSpec, MountSpec } from '../../runtime/spec.ts'
import type { User } from '../../runtime/user.ts'
import type { HostConfig } from '../api.ts'
import { notSupported } from '../failures.ts'
import { readCatalogue } from './catalogue.ts'
import { requestedDevices } from './requests.ts'
import type { CdiDeviceNode, CdiEdits, CdiMount } from './spec.ts'

/** What the devices that a container asks for add to it. */
export interface Injected {
  readonly env: readonly string[]
  readonly devices: readonly DeviceSpec[]
  readonly mounts: readonly MountSpec[]
  readonly additionalGids: readonly number[]
}

const nothing: Injected = { env: [], devices: [], mounts: [], additionalGids: [] }

/**
 * Looks up the devices of a container's requests (Container Device Interface, SPEC.md, "OCI Edits").
 * @param user what its devices belong to, where their specification does not say
 * @throws TscomposeError ENGINE_CDI_DEVICE_UNKNOWN, ENGINE_CDI_SPEC_INVALID, ENGINE_CDI_DEVICE_BROKEN for what a
 *   specification names and the machine does not have, ENGINE_NOT_SUPPORTED for hooks
 */
export async function injectDevices(
  { DeviceRequests }: HostConfig,
  directories: readonly string[],
  user: Pick<User, 'uid' | 'gid'>,
): Promise<Injected> {
  if (!DeviceRequests?.length) return nothing
  const catalogue = await readCatalogue(directories)
  const names = new Set(DeviceRequests.flatMap(request => requestedDevices(request, catalogue)))
  // Devices of one specification share what they have in common.
  const edits = new Map<CdiEdits, string>()
  for (const name of names) {
    const { common, own } = catalogue.editsOf(name)
    for (const edit of [common, own]) if (edit && !edits.has(edit)) edits.set(edit, name)
  }
  const parts = await Promise.all([...edits].map(([edit, name]) => injected(edit, name, user)))
  return {
    env: parts.flatMap(({ env }) => env),
    devices: parts.flatMap(({ devices }) => devices),
    mounts: parts.flatMap(({ mounts }) => mounts),
    additionalGids: parts.flatMap(({ additionalGids }) => additionalGids),
  }
}

async function injected(edits: CdiEdits, name: string, user: Pick<User, 'uid' | 'gid'>): Promise<Injected> {
  const [hook] = edits.hooks ?? []
  if (hook) throw hooksRefused(name, `${hook.hookName}: ${[hook.path, ...(hook.args ?? []).slice(1)].join(' ')}`)
  if (edits.intelRdt) throw notSupported(`intelRdt of CDI device ${name}`)
  if (edits.netDevices?.length) throw notSupported(`netDevices of CDI device ${name}`)
  return {
    env: edits.env ?? [],
    devices: await Promise.all((edits.deviceNodes ?? []).map(node => toDevice(node, name, user))),
    mounts: await Promise.all((edits.mounts ?? []).map(mount => toMount(mount, name))),
    additionalGids: (edits.additionalGids ?? []).filter(gid => gid !== 0),
  }
}

/** A hook is a program that would run on the host, as root and unseen, because of a file that somebody has put there. */
function hooksRefused(name: string, hook: string): TscomposeError {
  const { code, message } = notSupported(`hooks of CDI device ${name} (${hook})`)
  const nvidia = name.startsWith('nvidia.com/') ? ', with "nvidia-ctk cdi generate --disable-hook=all"' : ''
  return new TscomposeError(code, message, { fix: `Have its specification written without hooks${nvidia}.` })
}

const broken = (name: string, what: string) =>
  new TscomposeError('ENGINE_CDI_DEVICE_BROKEN', `CDI device injection failed: ${name} needs ${what}`)

/** What a node does not say about itself is that of the host's. */
async function toDevice(node: CdiDeviceNode, name: string, user: Pick<User, 'uid' | 'gid'>): Promise<DeviceSpec> {
  const { path, hostPath = path, permissions = '' } = node
  const [type, access] = [node.type === 'u' ? 'c' : node.type, permissions || 'rwm']
  if (type && type !== 'c' && type !== 'b') throw broken(name, `${path}, a node of type "${type}", which is no device`)
  if (access !== 'none' && !/^[rwm]{1,3}$/.test(access)) throw broken(name, `${path} with permissions "${access}"`)
  const stats = await stat(hostPath).catch(() => undefined)
  const isThere = stats !== undefined && isDeviceNode(stats)
  const number = node.major === undefined && isThere ? splitDeviceNumber(stats.rdev) : node
  if (number.major === undefined || (!type && !isThere))
    throw broken(name, `the device ${hostPath}, which is not there`)
  return {
    path,
    type: type === 'b' || (!type && stats?.isBlockDevice()) ? 'b' : 'c',
    major: number.major,
    minor: number.minor ?? 0,
    fileMode: (node.fileMode ?? 0o666) & 0o777,
    uid: node.uid ?? user.uid,
    gid: node.gid ?? user.gid,
    access: access === 'none' ? '' : access,
  }
}

const attributes = ['nosuid', 'nodev', 'noexec'] as const
const propagations = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'] as const

async function toMount(
  { hostPath, containerPath, type = '', options = [] }: CdiMount,
  name: string,
): Promise<MountSpec> {
  const has = (option: string) => options.includes(option)
  const readonly = has('ro')
  if (type === 'tmpfs') {
    return {
      type,
      destination: containerPath,
      readonly,
      options: options.filter(option => !['ro', 'rw'].includes(option)),
    }
  }
  if (!['', 'none', 'bind'].includes(type) && !has('bind') && !has('rbind'))
    throw notSupported(`mounts of type ${type}, of CDI device ${name}`)
  const found = await stat(hostPath).catch(() => undefined)
  if (!found) throw broken(name, `${hostPath}, which is not there`)
  const propagation = propagations.find(has)
  return {
    type: 'bind',
    source: hostPath,
    destination: containerPath,
    readonly,
    recursive: !has('bind'),
    attributes: attributes.filter(has),
    ...(propagation && { propagation }),
  }
}
