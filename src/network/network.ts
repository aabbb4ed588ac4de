/**
 * The network layer's face to the engine. Words: a *network* is a bridge with its subnets; a *sandbox* is one
 * container's network namespace with its DNS server and published ports; an *endpoint* joins a sandbox to a network.
 */

export interface SubnetSpec {
  /** CIDR, IPv4 or IPv6. */
  readonly subnet: string
  readonly gateway?: string
  /** CIDR within the subnet from which addresses are given. */
  readonly ipRange?: string
  /** Addresses that are never given. */
  readonly auxAddresses?: Readonly<Record<string, string>>
}

export interface NetworkSpec {
  /** 64 hex digits, as Docker's network ids. */
  readonly id: string
  readonly name: string
  /** Containers on a device of the host, the option `parent`; absent: on a bridge. */
  readonly driver?: 'macvlan' | 'ipvlan'
  readonly internal: boolean
  readonly enableIPv4: boolean
  readonly enableIPv6: boolean
  /** None: one is chosen from the pools, away from the host's routes and resolvers. */
  readonly subnets: readonly SubnetSpec[]
  /** `com.docker.network.bridge.name`, `com.docker.network.driver.mtu`, `com.docker.network.bridge.enable_icc`, ... */
  readonly options: Readonly<Record<string, string>>
}

/** A network that exists: every subnet is decided. */
export interface Network extends NetworkSpec {
  readonly subnets: readonly (SubnetSpec & { readonly gateway: string })[]
  /** The device that joins the containers: a bridge, or the parent. */
  readonly bridge: string
  readonly mtu: number
}

export interface EndpointSpec {
  readonly networkId: string
  /**
   * Who the address is kept for, beyond the container's life: e.g. `shop/web/1`. The same key on the same network
   * gets the same address again while that is free.
   */
  readonly leaseKey: string
  readonly ipv4Address?: string
  readonly ipv6Address?: string
  /** Further addresses, that nobody else is asked for: 169.254.0.0/16, fe80::/64. */
  readonly linkLocalAddresses?: readonly string[]
  readonly macAddress?: string
  /** Settings of the interface, whose name is written `IFNAME`: `net.ipv4.conf.IFNAME.log_martians` */
  readonly sysctl?: Readonly<Record<string, string>>
  /** All DNS names of the container on this network: container name, short id, aliases. */
  readonly dnsNames: readonly string[]
  /** Names that only this container has for others: what it calls them, and a DNS name of theirs. */
  readonly links?: Readonly<Record<string, string>>
  /** Name of the interface in the container; `eth0`, `eth1`, ... if absent. */
  readonly interfaceName?: string
  /** The highest one supplies the default route. */
  readonly gatewayPriority: number
}

export interface Endpoint extends EndpointSpec {
  readonly interfaceName: string
  readonly gateway?: string
  readonly ipv4PrefixLength?: number
  readonly ipv6Gateway?: string
  readonly ipv6PrefixLength?: number
}

export interface PortSpec {
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly containerPort: number
  /** Absent: every address, IPv4 and IPv6. */
  readonly hostIp?: string
  /** From..to, the first free one is taken; absent: chosen by the kernel. */
  readonly hostPort?: { readonly from: number; readonly to: number }
}

/** A port as it is reachable: one row for each host address. */
export interface PublishedPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly containerPort: number
  readonly hostIp: string
  /** 0: no port of the host, it is reached on the container's own address (a network that is routed). */
  readonly hostPort: number
}

export interface DnsSpec {
  /** None: the host's own resolvers. */
  readonly servers: readonly string[]
  readonly search: readonly string[]
  readonly options: readonly string[]
}

export interface SandboxSpec {
  readonly containerId: string
  readonly containerName: string
  readonly endpoints: readonly EndpointSpec[]
  readonly ports: readonly PortSpec[]
  readonly dns: DnsSpec
  /** net.* sysctls of the container */
  readonly sysctl: Readonly<Record<string, string>>
  /** A path of the namespace of a process that has none of ours yet, to be taken over; absent: a new one is made. */
  readonly namespace?: string
}

export interface Sandbox {
  readonly containerId: string
  readonly containerName: string
  /** A pinned network namespace, for setns(2). */
  readonly netnsPath: string
  readonly endpoints: readonly Endpoint[]
  readonly ports: readonly PublishedPort[]
  /** What `ports` was made from; with `dns` what another engine needs to take over. */
  readonly requestedPorts: readonly PortSpec[]
  readonly dns: DnsSpec
  /** The text of the container's /etc/resolv.conf. */
  readonly resolvConf: string
}

/** Bytes and packets of one interface of a sandbox, seen from inside. */
export interface InterfaceStats {
  readonly name: string
  readonly rxBytes: number
  readonly rxPackets: number
  readonly rxErrors: number
  readonly rxDropped: number
  readonly txBytes: number
  readonly txPackets: number
  readonly txErrors: number
  readonly txDropped: number
}

/**
 * Each operation either takes effect whole or leaves nothing behind. Errors are TscomposeErrors with codes NETWORK_*:
 * NETWORK_PORT_TAKEN names the port and the process that has it, NETWORK_SUBNET_OVERLAPS the other side,
 * NETWORK_ADDRESS_TAKEN, NETWORK_POOL_EXHAUSTED, NETWORK_IN_USE.
 */
export interface Networks extends AsyncDisposable {
  createNetwork(spec: NetworkSpec): Promise<Network>
  removeNetwork(networkId: string): Promise<void>
  /** An empty sandbox (no endpoints) is what `network_mode: none` gets: only a loopback device. */
  createSandbox(spec: SandboxSpec): Promise<Sandbox>
  /** The text of /etc/resolv.conf for a container that has no network. */
  unconnectedResolvConf(dns: DnsSpec): string
  /**
   * Resolves when nothing reaches it any more: its ports and names are free. Its devices, which take the kernel tens of
   * milliseconds, go behind; whoever comes to their networks, or removes these, waits for them.
   */
  removeSandbox(containerId: string): Promise<void>
  /** Resolves when the devices of all sandboxes that were removed have gone. */
  settled(): Promise<void>
  connect(containerId: string, endpoint: EndpointSpec): Promise<Endpoint>
  disconnect(containerId: string, networkId: string): Promise<void>
  /** Publishes other ports, in the place of all there were. @throws NETWORK_PORT_TAKEN; nothing has changed then */
  publish(containerId: string, ports: readonly PortSpec[]): Promise<void>
  /** A container has another name now, and with it other DNS names. @param dnsNames by network id */
  rename(
    containerId: string,
    containerName: string,
    dnsNames: Readonly<Record<string, readonly string[]>>,
  ): Promise<void>
  /** Whether a sandbox still is as it was made: nobody has unmounted its namespace or deleted its devices. */
  isWhole(containerId: string): boolean
  /**
   * The socket that the container's name server answers from; undefined if it has none. Where somebody holds it beyond
   * this engine, and gives it to `adopt` of the next one, nobody who asks meanwhile has to ask again.
   */
  nameServer(containerId: string): number | undefined
  /** What a sandbox is now: connect and disconnect change its endpoints, and may publish its ports anew. */
  sandbox(containerId: string): Sandbox | undefined
  /** Of all these containers at once, by their ids; those without a sandbox of their own are left out. */
  interfaceStats(containerIds: readonly string[]): Promise<ReadonlyMap<string, readonly InterfaceStats[]>>
  /**
   * After a restart of the engine: takes over what is alive of these, makes again what is missing of the networks,
   * and removes what is ours and in neither list.
   * @param nameServers sockets of an earlier engine by container, this layer's from now on
   * @returns the sandboxes that are alive
   */
  adopt(
    networks: readonly Network[],
    sandboxes: readonly Sandbox[],
    nameServers?: ReadonlyMap<string, number>,
  ): Promise<readonly Sandbox[]>
}

export interface NetworksOptions {
  /** Run-time directory of the engine; pinned namespaces are in `netns/` beneath it. */
  readonly runDir: string
  /** Data directory for what is kept over a restart of the machine (address leases). */
  readonly dataDir: string
  /** Where ports are published that name no address, neither themselves nor by an option of the network. */
  readonly defaultBindAddress?: string
  /** `default-address-pools` of the configuration. */
  readonly addressPools?: readonly { readonly base: string; readonly size: number }[]
}
