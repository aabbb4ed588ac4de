import type { ResourcesSpec } from '../spec.ts'
import { ioWeight, sharesOfWeight, weightOfIo, weightOfShares } from './limits-v2.ts'
import { deviceLine, firstText, limitOf, ratesOf, readAsked } from './read-back.ts'
import type { ReadableFiles } from './setting.ts'

/** The limits that were asked for as they are in force, cgroups v2, on the scales in which they are asked for. */
export function effectiveV2(files: ReadableFiles, { memory, cpu, pids, blockIO }: ResourcesSpec): ResourcesSpec {
  const text = (...names: string[]) => firstText(files, '', ...names)
  const limit = (name: string) => limitOf(text(name))
  const [quota, period] = text('cpu.max')?.split(' ') ?? []
  const throttle = (key: string) => (devices: Parameters<typeof ratesOf>[0]) => {
    const lines = text('io.max')
    return ratesOf(devices, device => limitOf(wordOf(deviceLine(lines, device), key)))
  }
  const found: { [Key in keyof ResourcesSpec]: ResourcesSpec[Key] | undefined } = {
    memory: readAsked(memory, {
      limit: () => limit('memory.max'),
      reservation: () => limit('memory.low'),
      swap: () => {
        const [main, swap] = [limit('memory.max'), limit('memory.swap.max')]
        if (main === undefined || swap === undefined) return undefined
        return main < 0 || swap < 0 ? -1 : main + swap
      },
      swappiness: () => undefined,
      kernelTCP: () => undefined,
      disableOOMKiller: () => undefined,
    }),
    cpu: readAsked(cpu, {
      shares: asked => onScale(asked, limit('cpu.weight'), weightOfShares, sharesOfWeight),
      quota: () => limitOf(quota),
      period: () => limitOf(period),
      realtimeRuntime: () => undefined,
      realtimePeriod: () => undefined,
      cpus: () => text('cpuset.cpus'),
      mems: () => text('cpuset.mems'),
    }),
    pids: readAsked(pids, { limit: () => limit('pids.max') }),
    blockIO: readAsked(blockIO, {
      weight: asked => {
        const weight = text('io.bfq.weight', 'io.weight')?.match(/^default (\d+)$/m)?.[1]
        return onScale(asked, limitOf(weight), ioWeight, weightOfIo)
      },
      weightDevice: devices => {
        const lines = text('io.bfq.weight', 'io.weight')
        return devices.flatMap(device => {
          const weight = onScale(device.weight, limitOf(deviceLine(lines, device)), ioWeight, weightOfIo)
          return weight === undefined ? [] : [{ ...device, weight }]
        })
      },
      throttleReadBpsDevice: throttle('rbps'),
      throttleWriteBpsDevice: throttle('wbps'),
      throttleReadIOPSDevice: throttle('riops'),
      throttleWriteIOPSDevice: throttle('wiops'),
    }),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}

/** Several values of the user's scale are one of the kernel's: as long as that is his, it is the one he asked for. */
function onScale(
  asked: number,
  found: number | undefined,
  toKernel: (value: number) => number,
  toUser: (value: number) => number,
): number | undefined {
  if (found === undefined) return undefined
  return toKernel(asked) === found ? asked : toUser(found)
}

/** The value of `key=value` among words. */
const wordOf = (line: string | undefined, key: string): string | undefined =>
  line
    ?.split(' ')
    .find(word => word.startsWith(`${key}=`))
    ?.slice(key.length + 1)
