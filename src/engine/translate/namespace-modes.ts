import type { HostConfig } from '../api.ts'
import { invalid, notSupported } from '../failures.ts'

/** Whose namespace a container gets: one of its own, the host's, or another container's (by name or id). */
export type NamespaceMode = 'private' | 'host' | { readonly container: string }

/** A network mode besides: nothing but loopback, or networks of its own. */
export type NetworkMode = 'none' | 'host' | { readonly container: string } | { readonly network: string }

export interface NamespaceModes {
  readonly pid: NamespaceMode
  /** `shareable`: another container may join; `none`: no /dev/shm. */
  readonly ipc: NamespaceMode | 'shareable' | 'none'
  readonly uts: 'private' | 'host'
  readonly cgroup: 'private' | 'host'
  readonly network: NetworkMode
}

const containerIn = (mode: string): string | undefined => /^container:(.*)$/s.exec(mode)?.[1]

function parseMode(kind: string, text = ''): NamespaceMode {
  const container = containerIn(text)
  if (container === '') throw invalid(`invalid ${kind} mode: ${text}`)
  if (container !== undefined) return { container }
  if (text === '' || text === 'private') return 'private'
  if (text === 'host') return 'host'
  throw invalid(`invalid ${kind} mode: ${text}`)
}

export function parseNetworkMode(text = ''): NetworkMode {
  const container = containerIn(text)
  if (container === '') throw invalid('Invalid network mode: invalid container format container:<name|id>')
  if (container !== undefined) return { container }
  if (text === 'none' || text === 'host') return text
  return { network: text === '' || text === 'default' ? 'bridge' : text }
}

/** @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_NOT_SUPPORTED */
export function parseNamespaceModes(host: HostConfig): NamespaceModes {
  const { IpcMode, UTSMode = '', CgroupnsMode = '', UsernsMode = '' } = host
  const uts = parseMode('UTS', UTSMode)
  const cgroup = parseMode('cgroup namespace', CgroupnsMode)
  if (typeof uts === 'object') throw invalid(`invalid UTS mode: ${UTSMode}`)
  if (typeof cgroup === 'object') throw invalid(`invalid cgroup namespace mode: ${CgroupnsMode}`)
  if (UsernsMode !== '' && UsernsMode !== 'host') throw notSupported(`user namespace mode "${UsernsMode}"`)
  return {
    pid: parseMode('PID', host.PidMode),
    ipc: IpcMode === 'shareable' || IpcMode === 'none' ? IpcMode : parseMode('IPC', IpcMode),
    uts,
    cgroup,
    network: parseNetworkMode(host.NetworkMode),
  }
}
