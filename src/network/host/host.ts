import type { Firewall } from '../firewall/firewall.ts'
import type { Instance } from '../instance.ts'
import type { Links } from '../links.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import type { Remote } from '../service/rpc.ts'
import type { NetworkService } from '../service/service.ts'

/** The host's side of all networks: where bridges are, ports are published, and packets leave. */
export interface Host {
  readonly instance: Instance
  /** rtnetlink in the host's namespace. */
  readonly route: NetlinkSocket
  readonly links: Links
  readonly firewall: Firewall
  /** Name service and proxies, in their thread. */
  readonly service: Remote<NetworkService>
  /** Makes the kernel forget UDP traffic to these ports of the host, whose mapping has changed. */
  forgetUdp(ports: readonly number[]): Promise<void>
  /** Which container of ours has a port of the host. */
  containerOnPort(protocol: string, hostPort: number): string | undefined
}
