import type { DeviceRequest } from '../../engine/api.ts'
import { isQualifiedName } from '../../engine/cdi/name.ts'
import type { Service } from '../project.ts'

/** A device request in its canonical form, under `gpus` and `deploy.resources.reservations.devices`. */
interface Reservation {
  readonly driver?: string
  /** -1: all */
  readonly count?: number
  readonly device_ids?: readonly string[]
  readonly capabilities?: readonly string[]
  readonly options?: Readonly<Record<string, string>>
}

/** `devices` that are names of the Container Device Interface instead of paths: `vendor.com/class=name`. */
export const isDeviceName = ({ source, target }: Service['devices'][number]): boolean =>
  source === target && isQualifiedName(source)

/** What a service asks for by name or by what it can do, as docker compose asks for it. */
export function deviceRequests({ canonical, devices }: Service): DeviceRequest[] {
  const { gpus = [], deploy } = canonical as {
    readonly gpus?: readonly Reservation[]
    readonly deploy?: { readonly resources?: { readonly reservations?: { readonly devices?: readonly Reservation[] } } }
  }
  const reserved = deploy?.resources?.reservations?.devices ?? []
  const named = devices.filter(isDeviceName).map(({ source }) => source)
  return [
    ...reserved.map(toRequest),
    ...gpus.map(({ capabilities = [], ...gpu }) => toRequest({ ...gpu, capabilities: [...capabilities, 'gpu'] })),
    ...(named.length > 0 ? [{ Driver: 'cdi', DeviceIDs: named }] : []),
  ]
}

const toRequest = ({ driver, count, device_ids, capabilities, options }: Reservation): DeviceRequest => ({
  ...(driver !== undefined && { Driver: driver }),
  ...(count !== undefined && { Count: count }),
  ...(device_ids && { DeviceIDs: [...device_ids] }),
  ...(capabilities && { Capabilities: [[...capabilities]] }),
  ...(options && { Options: { ...options } }),
})
