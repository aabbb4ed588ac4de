import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname as machineName } from 'node:os'
import { join } from 'node:path'
import type { OpenSandbox, Sandbox, SandboxOptions } from '../../build/run/sandbox.ts'
import { hostId } from '../../runtime/id-map.ts'
import type { MountSpec, UserNamespaceSpec } from '../../runtime/spec.ts'
import type { HostConfig } from '../api.ts'
import type { Context } from '../context.ts'
import { notSupported } from '../failures.ts'
import { toEndpointSpec } from '../network/endpoints.ts'
import { hostResolvConf } from '../network/resolv-conf.ts'
import { loadDefaultProfile } from '../system/apparmor.ts'
import { networkSysctls, toContainerSpec } from '../translate/container-spec.ts'
import { type HostEntry, renderHosts, translateExtraHosts } from '../translate/extra-hosts.ts'
import { parseNamespaceModes } from '../translate/namespace-modes.ts'

const HOSTNAME = 'buildkitsandbox'

/** Lends RUN steps what a container of the engine has by default: its network, its name server, its restrictions. */
export const openSandbox =
  (context: Context): OpenSandbox =>
  async options => {
    const { id, run, insecure, stateDir, runDir } = options
    const hostConfig = hostConfigOf(options)
    const modes = parseNamespaceModes(hostConfig)
    const ownerOf = owners(insecure ? undefined : context.userNamespace)
    if (context.machine.appArmor && !insecure) await loadDefaultProfile()
    await using undo = new AsyncDisposableStack()
    await mkdir(runDir, { recursive: true, mode: 0o711 })
    undo.defer(() => rm(runDir, { recursive: true, force: true }))
    const { namespace, files } = await openNetwork(context, options, undo)
    const mounts = await writeFiles(runDir, files, ownerOf(0, 0))
    const owned = undo.move()
    return {
      ownerOf,
      describe: ({ root, mounts: own, args, env, cwd, user }) => {
        const spec = toContainerSpec(
          { id, config: { Image: '', Cmd: [...args], Env: [...env], WorkingDir: cwd }, hostConfig, modes },
          {
            root,
            user,
            mounts: [...mounts, ...own],
            devices: [],
            resources: run.resources,
            hostname: modes.network === 'host' ? machineName() : HOSTNAME,
            namespaces: { pid: 'private', ipc: 'private', network: namespace },
            stateDir,
          },
          context,
        )
        return { ...spec, log: { driver: 'none', maxSize: 0, maxFiles: 1 }, privileged: insecure }
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    }
  }

const hostConfigOf = ({ network, insecure, run }: SandboxOptions): HostConfig => ({
  NetworkMode: network,
  Privileged: insecure,
  // What may do everything has been allowed to by whoever builds.
  ...(insecure && { UsernsMode: 'host' }),
  ...(run.shmSize && { ShmSize: run.shmSize }),
  Ulimits: run.rlimits.map(({ type, soft, hard }) => ({
    Name: type.replace('RLIMIT_', '').toLowerCase(),
    Soft: soft,
    Hard: hard,
  })),
})

interface NetworkFiles {
  readonly hosts: string
  readonly resolvConf: string
}

async function openNetwork(
  context: Context,
  options: SandboxOptions,
  undo: AsyncDisposableStack,
): Promise<{ readonly namespace: 'host' | { readonly path: string }; readonly files: NetworkFiles }> {
  const { id, run } = options
  const { config, networks, networkLayer } = context
  const hostConfig = hostConfigOf(options)
  const { network } = parseNamespaceModes(hostConfig)
  const dns = { servers: config.dns, search: config.dnsSearch, options: config.dnsOpts }
  if (network === 'host') {
    const [hosts, resolvConf] = await Promise.all([
      readFile('/etc/hosts', 'utf8').catch(() => renderHosts([])),
      readFile('/etc/resolv.conf', 'utf8').catch(() => ''),
    ])
    const extra = translateExtraHosts(run.extraHosts, '127.0.0.1')
    return {
      namespace: 'host',
      files: { hosts: hosts + extra.map(line).join(''), resolvConf: hostResolvConf(resolvConf, dns) },
    }
  }
  if (typeof network === 'object' && 'container' in network)
    throw notSupported('the network of another container for a build')
  const record = network === 'none' ? undefined : networks.find(network.network)
  if (record) await networks.ensure(record)
  const owner = { id, name: 'build', config: {} }
  const sandbox = await networkLayer.createSandbox({
    containerId: id,
    containerName: 'build',
    endpoints: record ? [toEndpointSpec(owner, record, {})] : [],
    ports: [],
    dns,
    sysctl: networkSysctls(hostConfig),
  })
  undo.defer(() => networkLayer.removeSandbox(id))
  const [endpoint] = sandbox.endpoints
  const own: HostEntry[] = endpoint?.ipv4Address ? [{ address: endpoint.ipv4Address, names: [HOSTNAME] }] : []
  return {
    namespace: { path: sandbox.netnsPath },
    files: {
      hosts: renderHosts([...translateExtraHosts(run.extraHosts, endpoint?.gateway), ...own]),
      resolvConf: sandbox.resolvConf,
    },
  }
}

const line = ({ address, names }: HostEntry): string => `${address}\t${names.join(' ')}\n`

const owners =
  (userNamespace: UserNamespaceSpec | undefined): Sandbox['ownerOf'] =>
  (uid, gid) =>
    userNamespace
      ? [hostId(userNamespace.uidMappings, uid) ?? uid, hostId(userNamespace.gidMappings, gid) ?? gid]
      : [uid, gid]

async function writeFiles(
  directory: string,
  { hosts, resolvConf }: NetworkFiles,
  [uid, gid]: ReturnType<Sandbox['ownerOf']>,
): Promise<readonly MountSpec[]> {
  const files = [
    ['hosts', '/etc/hosts', hosts],
    ['resolv.conf', '/etc/resolv.conf', resolvConf],
  ] as const
  return await Promise.all(
    files.map(async ([name, destination, text]): Promise<MountSpec> => {
      const source = join(directory, name)
      await writeFile(source, text, { mode: 0o644 })
      await chown(source, uid, gid)
      return { type: 'bind', source, destination, readonly: false }
    }),
  )
}
