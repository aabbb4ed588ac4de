import type { Departures } from '../departures.ts'
import type { Firewall } from '../firewall/firewall.ts'
import type { Instance } from '../instance.ts'
import type { Links } from '../links.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import type { Remote } from '../service/rpc.ts'
import type { NetworkService } from '../service/service.ts'
import type { Zones } from '../service/zones.ts'

/** The host's side of all networks: where bridges are, ports are published, and packets leave. */
export interface Host {
  readonly instance: Instance
  /** rtnetlink in the host's namespace. */
  readonly route: NetlinkSocket
  readonly links: Links
  readonly departures: Departures
  readonly firewall: Firewall
  /** Name service and proxies, in their thread; the first use starts it. */
  readonly service: Remote<NetworkService>
  /** What name server and proxies have to know of a network, as soon as they are there. */
  readonly zones: Zones
  /** Where ports are published that name no address; undefined: on all. */
  readonly defaultBindAddress: string | undefined
  /** Makes the kernel forget UDP traffic to these ports of the host, whose mapping has changed. */
  forgetUdp(ports: readonly number[]): Promise<void>
  /** Which container of ours has a port of the host. */
  containerOnPort(protocol: string, hostPort: number): string | undefined
}
