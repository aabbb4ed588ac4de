import type { ContainerConfig, ContainerCreateRequest, HostConfig, RestartPolicy } from '../../engine/api.ts'
import type { CreateFlags } from './flags.ts'
import { parseHealthFlags } from './health.ts'
import { parseKeyValueFile, resolveVariables } from './key-value-files.ts'
import { parseMountFlag, parseTmpfsFlags, parseVolumeFlags } from './mounts.ts'
import { parseNetworkFlags } from './networks.ts'
import { badFlag, pair, pairs, some } from './parsed.ts'
import { parsePortFlags } from './ports.ts'
import { parseResources } from './resources.ts'
import { parseSecurityOptions } from './security.ts'
import { bytesOf } from './sizes.ts'

/** What flags refer to: files, and the variables of the shell. */
export interface FlagSources {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The contents of a file. @throws TscomposeError CLI_FLAG */
  readonly read: (file: string) => string
  /** Variables that every container gets unless a flag says otherwise. */
  readonly proxies?: Readonly<Record<string, string>>
}

export interface Attached {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
}

/** The streams of a container that its creator listens to: those named, or else all. */
export function attachedStreams({ attach = [], interactive = false }: CreateFlags): Attached {
  const names = attach.map(name => name.toLowerCase())
  const unknown = names.find(name => !['stdin', 'stdout', 'stderr'].includes(name))
  if (unknown !== undefined)
    throw badFlag(`invalid argument "${unknown}" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`)
  if (names.length === 0) return { stdin: interactive, stdout: true, stderr: true }
  return { stdin: names.includes('stdin'), stdout: names.includes('stdout'), stderr: names.includes('stderr') }
}

/**
 * What is asked of the engine, as docker asks it.
 * @param words the command that stands behind the image
 * @throws TscomposeError CLI_FLAG
 */
export function createRequest(
  image: string,
  words: readonly string[],
  flags: CreateFlags,
  attached: Attached,
  sources: FlagSources,
): ContainerCreateRequest {
  const ports = parsePortFlags(flags.publish ?? [], flags.expose ?? [])
  const volumes = parseVolumeFlags(flags.volume ?? [], sources.cwd)
  const networks = parseNetworkFlags(flags)
  const hasEndpoints = Object.keys(networks.endpoints).length > 0
  return {
    Image: image,
    ...processConfig(words, flags, attached, sources),
    ...(Object.keys(ports.exposed).length > 0 && { ExposedPorts: ports.exposed }),
    ...(Object.keys(volumes.anonymous).length > 0 && { Volumes: volumes.anonymous }),
    ...some('MacAddress', hasEndpoints ? undefined : flags.macAddress),
    HostConfig: {
      ...hostConfig(flags, sources),
      ...some('Binds', volumes.binds),
      ...(Object.keys(ports.bindings).length > 0 && { PortBindings: ports.bindings }),
      NetworkMode: networks.mode,
      // On a network of the user's own, links belong to the endpoint.
      ...(!networks.endpoints[networks.mode]?.Links && some('Links', flags.link)),
    },
    ...(hasEndpoints && { NetworkingConfig: { EndpointsConfig: networks.endpoints } }),
  }
}

function processConfig(
  words: readonly string[],
  flags: CreateFlags,
  attached: Attached,
  { env, read, proxies = {} }: FlagSources,
): Omit<ContainerConfig, 'Image'> {
  const fromFiles = (files: readonly string[] = []) => files.flatMap(file => parseKeyValueFile(read(file), file))
  const stdin = flags.interactive ?? false
  const labels = [...fromFiles(flags.labelFile), ...(flags.label ?? [])].map(pair)
  return {
    AttachStdin: attached.stdin,
    AttachStdout: attached.stdout,
    AttachStderr: attached.stderr,
    Tty: flags.tty ?? false,
    OpenStdin: stdin,
    // Whose input ends with that of the client which is attached from the beginning.
    StdinOnce: stdin && attached.stdin,
    ...some('Cmd', words.length > 0 ? [...words] : undefined),
    ...some('Entrypoint', flags.entrypoint === undefined ? undefined : [flags.entrypoint]),
    ...some('Env', withProxies(proxies, resolveVariables([...fromFiles(flags.envFile), ...(flags.env ?? [])], env))),
    ...(labels.length > 0 && { Labels: Object.fromEntries(labels) }),
    ...some('Hostname', flags.hostname),
    ...some('Domainname', flags.domainname),
    ...some('User', flags.user),
    ...some('WorkingDir', flags.workdir),
    ...some('StopSignal', flags.stopSignal),
    ...some('StopTimeout', flags.stopTimeout),
    ...some('Healthcheck', parseHealthFlags(flags)),
  }
}

/** What a flag names, with a value or without, goes before. */
function withProxies(proxies: Readonly<Record<string, string>>, given: string[] | undefined): string[] | undefined {
  const named = new Set(given?.map(variable => variable.replace(/=.*$/s, '')))
  const added = Object.entries(proxies).flatMap(([name, value]) => (named.has(name) ? [] : [`${name}=${value}`]))
  return added.length > 0 ? [...added, ...(given ?? [])] : given
}

function hostConfig(flags: CreateFlags, { cwd, read }: FlagSources): HostConfig {
  const { logDriver, logOpt = [] } = flags
  if (logDriver === 'none' && logOpt.length > 0) throw badFlag('invalid logging opts for driver none')
  return {
    ...parseResources(flags),
    ...parseSecurityOptions(flags.securityOpt ?? [], read),
    ...(flags.tmpfs && { Tmpfs: parseTmpfsFlags(flags.tmpfs) }),
    ...some(
      'Mounts',
      flags.mount?.map(text => parseMountFlag(text, cwd)),
    ),
    ...some('VolumeDriver', flags.volumeDriver),
    ...some('VolumesFrom', flags.volumesFrom),
    ...((logDriver !== undefined || logOpt.length > 0) && {
      LogConfig: { Type: logDriver ?? '', Config: pairs('--log-opt', logOpt) },
    }),
    ...some('RestartPolicy', flags.restart === undefined ? undefined : parseRestartPolicy(flags.restart)),
    ...some('AutoRemove', flags.rm),
    ...some('Privileged', flags.privileged),
    ...some('PublishAllPorts', flags.publishAll),
    ...some('ReadonlyRootfs', flags.readOnly),
    ...some('CapAdd', flags.capAdd),
    ...some('CapDrop', flags.capDrop),
    ...some('GroupAdd', flags.groupAdd),
    ...some('Dns', flags.dns),
    ...some('DnsOptions', flags.dnsOption),
    ...some('DnsSearch', flags.dnsSearch),
    ...some('ExtraHosts', flags.addHost?.map(parseAddHost)),
    ...some('IpcMode', flags.ipc),
    ...some('PidMode', flags.pid),
    ...some('UTSMode', flags.uts),
    ...some('UsernsMode', flags.userns),
    ...some('CgroupnsMode', flags.cgroupns),
    ...some('CgroupParent', flags.cgroupParent),
    ...some('OomScoreAdj', flags.oomScoreAdj),
    ...some('ShmSize', flags.shmSize === undefined ? undefined : bytesOf(flags.shmSize)),
    ...(flags.sysctl && { Sysctls: pairs('--sysctl', flags.sysctl) }),
    ...(flags.storageOpt && { StorageOpt: pairs('--storage-opt', flags.storageOpt) }),
    ...(flags.annotation && { Annotations: pairs('--annotation', flags.annotation) }),
    ...some('Runtime', flags.runtime),
    ...some('Isolation', flags.isolation),
  }
}

/** `no`, `always`, `unless-stopped`, `on-failure[:MAX]` */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [Name = '', count, ...rest] = text.split(':')
  if (rest.length > 0) throw badFlag(`invalid restart policy format: ${text}`)
  if (count !== undefined && !/^\d+$/.test(count))
    throw badFlag('invalid restart policy format: maximum retry count must be an integer')
  if (Name === '' && count !== undefined)
    throw badFlag('invalid restart policy format: no policy provided before colon')
  return { Name: Name as RestartPolicy['Name'], MaximumRetryCount: Number(count ?? 0) }
}

/** `host:ip` or `host=ip`; brackets around an IPv6 address are optional. */
function parseAddHost(text: string): string {
  const [, name, address] = /^([^=:]+)[=:](.+)$/s.exec(text) ?? []
  if (!name || !address) throw badFlag(`bad format for add-host: "${text}"`)
  return `${name}:${address.replace(/^\[(.*)\]$/, '$1')}`
}
