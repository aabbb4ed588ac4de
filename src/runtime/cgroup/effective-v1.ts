import type { ResourcesSpec } from '../spec.ts'
import { deviceLine, firstText, limitOf, ratesOf, readAsked } from './read-back.ts'
import type { ReadableFiles } from './setting.ts'

/** The limits that were asked for as they are in force, cgroups v1. */
export function effectiveV1(files: ReadableFiles, { memory, cpu, pids, blockIO }: ResourcesSpec): ResourcesSpec {
  const limit = (controller: string, ...names: string[]) => limitOf(firstText(files, controller, ...names))
  const throttle = (name: string) => (devices: Parameters<typeof ratesOf>[0]) => {
    const text = firstText(files, 'blkio', `blkio.throttle.${name}_device`)
    return ratesOf(devices, device => limitOf(deviceLine(text, device)))
  }
  const found: { [Key in keyof ResourcesSpec]: ResourcesSpec[Key] | undefined } = {
    memory: readAsked(memory, {
      limit: () => limit('memory', 'memory.limit_in_bytes'),
      reservation: () => limit('memory', 'memory.soft_limit_in_bytes'),
      swap: () => limit('memory', 'memory.memsw.limit_in_bytes'),
      swappiness: () => limit('memory', 'memory.swappiness'),
      kernelTCP: () => limit('memory', 'memory.kmem.tcp.limit_in_bytes'),
      disableOOMKiller: () => /^oom_kill_disable 1$/m.test(firstText(files, 'memory', 'memory.oom_control') ?? ''),
    }),
    cpu: readAsked(cpu, {
      shares: () => limit('cpu', 'cpu.shares'),
      quota: () => limit('cpu', 'cpu.cfs_quota_us'),
      period: () => limit('cpu', 'cpu.cfs_period_us'),
      realtimeRuntime: () => limit('cpu', 'cpu.rt_runtime_us'),
      realtimePeriod: () => limit('cpu', 'cpu.rt_period_us'),
      cpus: () => firstText(files, 'cpuset', 'cpuset.cpus'),
      mems: () => firstText(files, 'cpuset', 'cpuset.mems'),
    }),
    pids: readAsked(pids, { limit: () => limit('pids', 'pids.max') }),
    blockIO: readAsked(blockIO, {
      weight: () => limit('blkio', 'blkio.weight', 'blkio.bfq.weight'),
      weightDevice: devices => {
        const text = firstText(files, 'blkio', 'blkio.weight_device', 'blkio.bfq.weight_device')
        return devices.flatMap(device => {
          const weight = limitOf(deviceLine(text, device))
          return weight === undefined ? [] : [{ ...device, weight }]
        })
      },
      throttleReadBpsDevice: throttle('read_bps'),
      throttleWriteBpsDevice: throttle('write_bps'),
      throttleReadIOPSDevice: throttle('read_iops'),
      throttleWriteIOPSDevice: throttle('write_iops'),
    }),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}
