import type { ZoneSpec } from '../dns/zone.ts'
import { type Remote, tell } from './rpc.ts'
import type { NetworkService } from './service.ts'

/**
 * The networks that the network service is to know. Its thread may not run yet: networks that are only taken over, and
 * removed before a container comes, shall not cost one. Calls keep their order, so nobody has to wait for these.
 */
export class Zones {
  readonly #zones = new Map<string, ZoneSpec>()
  #service: Remote<NetworkService> | undefined

  add(networkId: string, zone: ZoneSpec): void {
    this.#zones.set(networkId, zone)
    if (this.#service) tell(this.#service.addZone(networkId, zone))
  }

  remove(networkId: string): void {
    this.#zones.delete(networkId)
    if (this.#service) tell(this.#service.removeZone(networkId))
  }

  /** The service has been started. */
  start(service: Remote<NetworkService>): void {
    this.#service = service
    for (const [networkId, zone] of this.#zones) tell(service.addZone(networkId, zone))
  }
}
