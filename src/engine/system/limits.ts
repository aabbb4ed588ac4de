import type { Runtime } from '../../runtime/runtime.ts'
import type { ResourcesSpec } from '../../runtime/spec.ts'

/** Which limits of containers the machine knows, under the names of `GET /info`. */
const limits = {
  MemoryLimit: { memory: { limit: 64 << 20 } },
  SwapLimit: { memory: { limit: 64 << 20, swap: 128 << 20 } },
  KernelMemoryTCP: { memory: { kernelTCP: 64 << 20 } },
  OomKillDisable: { memory: { disableOOMKiller: true } },
  CpuCfsPeriod: { cpu: { period: 100_000 } },
  CpuCfsQuota: { cpu: { quota: 100_000 } },
  CPUShares: { cpu: { shares: 1024 } },
  CPUSet: { cpu: { cpus: '0' } },
  PidsLimit: { pids: { limit: 1000 } },
} as const satisfies Record<string, ResourcesSpec>

const words: Readonly<Partial<Record<keyof typeof limits, string>>> = {
  MemoryLimit: 'memory limit',
  SwapLimit: 'swap limit',
  CpuCfsPeriod: 'cpu cfs period',
  CpuCfsQuota: 'cpu cfs quota',
  CPUShares: 'cpu shares',
  CPUSet: 'cpuset',
  PidsLimit: 'pids limit',
}

/** What `docker info` shows of them, and its warnings about what is missing. */
export function machineLimits(runtime: Pick<Runtime, 'rehearse'>): {
  readonly support: Readonly<Record<string, boolean>>
  readonly warnings: string[]
} {
  const support = Object.fromEntries(Object.entries(limits).map(([name, spec]) => [name, works(runtime, spec)]))
  const missing = Object.entries(words).filter(([name]) => !support[name])
  return { support, warnings: missing.map(([, word]) => `WARNING: No ${word} support`) }
}

function works(runtime: Pick<Runtime, 'rehearse'>, spec: ResourcesSpec): boolean {
  try {
    return runtime.rehearse(spec).length === 0
  } catch {
    return false
  }
}
