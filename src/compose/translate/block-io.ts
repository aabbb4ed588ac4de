import type { HostConfig, ThrottleDevice } from '../../engine/api.ts'

interface BlkioConfig {
  readonly weight?: number
  readonly weight_device?: readonly { readonly path: string; readonly weight: number }[]
  readonly device_read_bps?: readonly Throttle[]
  readonly device_write_bps?: readonly Throttle[]
  readonly device_read_iops?: readonly Throttle[]
  readonly device_write_iops?: readonly Throttle[]
}
interface Throttle {
  readonly path: string
  /** A number of bytes or operations; the canonical form writes bytes as text. */
  readonly rate: number | string
}

/** `blkio_config` in its canonical form. */
export function blockIO(config: Readonly<Record<string, unknown>>): HostConfig {
  const blkio = config as BlkioConfig
  const throttle = (devices: readonly Throttle[] | undefined): ThrottleDevice[] | undefined =>
    devices?.map(({ path, rate }) => ({ Path: path, Rate: Number(rate) }))
  const all: { [Key in keyof HostConfig]: HostConfig[Key] | undefined } = {
    BlkioWeight: blkio.weight,
    BlkioWeightDevice: blkio.weight_device?.map(({ path, weight }) => ({ Path: path, Weight: weight })),
    BlkioDeviceReadBps: throttle(blkio.device_read_bps),
    BlkioDeviceWriteBps: throttle(blkio.device_write_bps),
    BlkioDeviceReadIOps: throttle(blkio.device_read_iops),
    BlkioDeviceWriteIOps: throttle(blkio.device_write_iops),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}
