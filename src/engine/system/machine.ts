import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { capabilitiesIn, capabilityLine } from '../../runtime/capabilities.ts'
import { supportsAppArmor } from './apparmor.ts'

/** What the machine has to give to containers. */
export interface Machine {
  /** Capabilities that the engine itself has, so can give away. */
  readonly capabilities: readonly string[]
  readonly processors: number
  /** How many files a process may have open at most, getrlimit(2). */
  readonly hardNofile: number
  /** Whether AppArmor profiles can be enforced. */
  readonly appArmor: boolean
}

export async function readMachine(): Promise<Machine> {
  const [status, limits, appArmor] = await Promise.all([
    readFile('/proc/self/status', 'utf8'),
    readFile('/proc/self/limits', 'utf8'),
    supportsAppArmor(),
  ])
  return {
    capabilities: capabilitiesIn(capabilityLine(status, 'CapBnd') & capabilityLine(status, 'CapPrm')),
    processors: availableParallelism(),
    hardNofile: Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? 1024),
    appArmor,
  }
}
