import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { linux } from '../../sys/kernel.ts'
import { capabilityLine, capabilityMask } from '../capabilities.ts'

/** What this machine, and this process on it, can give to a container. */
export interface Machine {
  readonly lastCapability: number
  /** As a mask: no process can be given more than its maker has. */
  readonly permittedCapabilities: bigint
  readonly oomScoreAdj: number
  /** Where a process says which AppArmor profile is to hold from its next exec(2) on. */
  readonly appArmorFile: string
  /** Features of overlayfs to switch off per mount: see {@link overlayOptions}. */
  readonly overlayOptions: readonly string[]
  hardLimit(resource: number): bigint
}

/** Kernels before 5.8 have one for all security modules. */
const appArmorFiles = ['/proc/thread-self/attr/apparmor/exec', '/proc/thread-self/attr/exec'] as const

let known: Machine | undefined

/** Read once: none of it changes while the engine runs. */
export function thisMachine(): Machine {
  known ??= {
    lastCapability: Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8')),
    permittedCapabilities: capabilityLine(readFileSync('/proc/self/status', 'utf8'), 'CapPrm'),
    oomScoreAdj: Number(readFileSync('/proc/self/oom_score_adj', 'utf8')),
    appArmorFile: appArmorFiles.find(existsSync) ?? appArmorFiles[1],
    overlayOptions: overlayOptions(),
    hardLimit,
  }
  return known
}

export const canRaiseLimits = ({ permittedCapabilities }: Machine): boolean =>
  (permittedCapabilities & capabilityMask(['CAP_SYS_RESOURCE'])) !== 0n

/** @param resource a constant of getrlimit(2) */
function hardLimit(resource: number): bigint {
  const limits = Buffer.alloc(16)
  linux.prlimit64(0, resource, null, limits)
  return limits.readBigUInt64LE(8)
}

/**
 * Features that a kernel can be configured to have on everywhere. They write extended attributes into the writable
 * layer that only overlayfs understands, or tie a layer to one mount; a layer that others read too has none of them.
 */
function overlayOptions(): readonly string[] {
  return ['index', 'metacopy', 'redirect_dir'].flatMap(name => (readParameter(name) === 'Y' ? [`${name}=off`] : []))
}

function readParameter(name: string): string | undefined {
  try {
    return readFileSync(`/sys/module/overlay/parameters/${name}`, 'utf8').trim()
  } catch (error) {
    // Not loaded yet, or too old to have it.
    if ((error as NodeJS.ErrnoException).errno === -constants.errno.ENOENT) return undefined
    throw error
  }
}
