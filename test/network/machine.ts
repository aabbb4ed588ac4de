import './own-host.ts'
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { instanceOf } from '../../src/network/instance.ts'
import { inNamespace, pinNamespace, unpinNamespace } from '../../src/network/namespace.ts'
import type {
  EndpointSpec,
  Network,
  NetworkSpec,
  Networks,
  NetworksOptions,
  PortSpec,
  Sandbox,
  SandboxSpec,
} from '../../src/network/network.ts'
import { openNetworks } from '../../src/network/networks.ts'
import { boundSocket } from '../../src/network/ports/socket.ts'
import { machineNamespace, skip } from './own-host.ts'
import { endpointOn, newId, port } from './specs.ts'

export { endpointOn, newId, port, skip }

const run = promisify(execFile)

/** The address of the host that others reach it by, and of one of them. */
export const hostAddress = '198.51.100.1'
export const outsideAddress = '198.51.100.2'

/** A machine with a network layer: a host, what is outside of it, and containers that are only their networks. */
export class Machine implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), 'network-test-'))
  readonly runDir = join(this.root, 'run')
  readonly dataDir = join(this.root, 'data')
  readonly outside = join(this.root, 'outside')
  readonly #open = new AsyncDisposableStack()
  readonly #containerIds: string[] = []
  networks!: Networks

  static async start(): Promise<Machine> {
    assert.notEqual(sh('readlink /proc/self/ns/net').trim(), machineNamespace, 'this would change the machine itself')
    const machine = new Machine()
    sh('ip link set lo up; sysctl -qw net.ipv4.ip_forward=0')
    pinNamespace(machine.outside, () => {})
    sh(`ip link add uplink type veth peer name eth0 netns ${machine.outside}`)
    sh(`ip address add ${hostAddress}/24 dev uplink; ip link set uplink up`)
    machine.inside(
      machine.outside,
      `ip link set lo up; ip link set eth0 up; ip address add ${outsideAddress}/24 dev eth0`,
    )
    // Whoever is outside may try to reach containers past the host's own address.
    machine.inside(machine.outside, `ip route add default via ${hostAddress}`)
    await machine.open()
    return machine
  }

  async open(more: Partial<NetworksOptions> = {}): Promise<void> {
    this.networks = await openNetworks({ runDir: this.runDir, dataDir: this.dataDir, ...more })
  }

  async network(name: string, more: Partial<NetworkSpec> = {}): Promise<Network> {
    return await this.networks.createNetwork({
      id: newId(),
      name,
      internal: false,
      enableIPv4: true,
      enableIPv6: false,
      subnets: [],
      options: {},
      ...more,
    })
  }

  async sandbox(
    name: string,
    on: readonly (Network | [Network, Partial<EndpointSpec>])[],
    more: Partial<SandboxSpec> & { publish?: readonly PortSpec[] } = {},
  ): Promise<Sandbox> {
    const { publish = [], ...spec } = more
    const containerId = newId()
    this.#containerIds.push(containerId)
    return await this.networks.createSandbox({
      containerId,
      containerName: name,
      endpoints: on.map(item => {
        const [network, endpoint] = Array.isArray(item) ? item : [item, {}]
        return endpointOn(network as Network, name, endpoint as Partial<EndpointSpec>)
      }),
      ports: publish,
      dns: { servers: [], search: [], options: [] },
      sysctl: {},
      ...spec,
    })
  }

  /** Runs a shell command in a network namespace; its output. */
  inside(namespace: string, command: string): string {
    return execFileSync('nsenter', [`--net=${namespace}`, 'sh', '-c', command], { encoding: 'utf8', stdio: 'pipe' })
  }

  /** The same without blocking, for commands that talk to this process. With the resolv.conf of `sandbox`. */
  async in(sandbox: Sandbox, command: string): Promise<string> {
    const file = join(this.root, `${sandbox.containerId}.conf`)
    writeFileSync(file, sandbox.resolvConf)
    const script = `mount --bind ${file} /etc/resolv.conf && ${command}`
    const { stdout } = await run('nsenter', [`--net=${sandbox.netnsPath}`, 'unshare', '-m', 'sh', '-c', script])
    return stdout
  }

  async fromOutside(command: string): Promise<string> {
    return (await run('nsenter', [`--net=${this.outside}`, 'sh', '-c', command])).stdout
  }

  /** A server in a container, on the host or outside of it that says who it is and who asks. */
  async serve(where: Sandbox | 'host' | 'outside', name: string, port: number, address = '0.0.0.0'): Promise<Server> {
    const bind = () => boundSocket('tcp', address, port)
    const namespace = where === 'outside' ? this.outside : where === 'host' ? undefined : where.netnsPath
    const { fd } = namespace === undefined ? bind() : inNamespace(namespace, bind)
    const server = createServer(socket => socket.on('error', () => {}).end(`${name} ${socket.remoteAddress}\n`))
    server.listen({ fd })
    await once(server, 'listening')
    this.#open.defer(() => void server.close())
    return server
  }

  /** What is left of the network layer: nothing, when all is removed. */
  leftovers(): readonly string[] {
    return [
      ...sh('ip -br link')
        .split('\n')
        .filter(line => line.startsWith(instanceOf(this.runDir).devicePrefix)),
      ...sh('nft list tables')
        .split('\n')
        .filter(line => line.includes('tscompose')),
      ...readdirSync(join(this.runDir, 'netns')).map(name => `netns ${name}`),
      ...readdirSync(this.dataDir).map(name => `lease ${name}`),
    ]
  }

  forwarding(): string {
    return readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync()
    // What has talked may keep its namespace for a while, and so the devices in it.
    await Promise.all(this.#containerIds.map(id => this.networks.removeSandbox(id)))
    await this.networks.settled()
    await this.networks.adopt([], [])
    await this.networks[Symbol.asyncDispose]()
    if (existsSync(this.outside)) await unpinNamespace(this.outside)
    sh('ip link delete uplink 2>/dev/null || true') // it may have gone with its other end
    rmSync(this.root, { recursive: true })
  }
}

/** A shell command on the host. */
export const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: 'pipe' })

/** Seconds; more where processors are emulated. */
const patience = process.env.TSCOMPOSE_TEST_PATIENCE ?? '1'

/** What a server says; the empty text where none is reached within a second. */
export const ask = (address: string, port: number): string =>
  `busybox nc -w ${patience} ${address} ${port} </dev/null 2>/dev/null || true`

export const shell = async (command: string): Promise<string> => (await run('sh', ['-c', command])).stdout

export const addressOf = ({ endpoints }: Sandbox, index = 0): string => endpoints[index]?.ipv4Address ?? ''
