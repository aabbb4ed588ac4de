import { capabilityNames, defaultCapabilities } from '../../runtime/capabilities.ts'
import { defaultMaskedPaths, defaultReadonlyPaths } from '../../runtime/defaults.ts'
import type { SeccompProfile } from '../../runtime/spec.ts'
import type { HostConfig } from '../api.ts'
import { invalid, notSupported } from '../failures.ts'
import { defaultProfile, dockersProfile } from '../system/apparmor.ts'

export interface Security {
  readonly noNewPrivileges: boolean
  readonly seccomp?: 'unconfined' | SeccompProfile
  readonly apparmorProfile?: string
}

/** Docker's names: with or without `CAP_`, in either case, and `ALL`. */
function parseCapability(option: 'CapAdd' | 'CapDrop', name: string): string {
  const upper = name.toUpperCase()
  if (upper === 'ALL') return 'ALL'
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
  if ((capabilityNames as readonly string[]).includes(full)) return full
  throw invalid(`invalid ${option}: unknown capability: "${full}"`)
}

/**
 * What a container's root may do: Docker's list without `CapDrop` and with `CapAdd`; everything if it is privileged.
 * `ALL` in `CapAdd` leaves out what is dropped by name, `ALL` in `CapDrop` leaves what is added by name.
 * @param available what the engine itself has, so can give away
 */
export function translateCapabilities(
  { CapAdd, CapDrop, Privileged }: Pick<HostConfig, 'CapAdd' | 'CapDrop' | 'Privileged'>,
  available: readonly string[],
): readonly string[] {
  if (Privileged) return available
  const add = (CapAdd ?? []).map(name => parseCapability('CapAdd', name))
  const drop = (CapDrop ?? []).map(name => parseCapability('CapDrop', name))
  const missing = add.find(name => name !== 'ALL' && !available.includes(name))
  if (missing) {
    throw invalid(`capability not supported by your kernel or not available in the current environment: "${missing}"`)
  }
  if (add.includes('ALL')) return available.filter(name => !drop.includes(name))
  const kept = drop.includes('ALL') ? [] : defaultCapabilities.filter(name => !drop.includes(name))
  return [...new Set([...kept, ...add])].filter(name => available.includes(name)).sort()
}

/**
 * `SecurityOpt` of a container.
 * @param appArmor whether the machine enforces AppArmor profiles
 */
export function translateSecurityOpts(
  { SecurityOpt, Privileged }: Pick<HostConfig, 'SecurityOpt' | 'Privileged'>,
  { noNewPrivileges: byDefault, appArmor }: { readonly noNewPrivileges: boolean; readonly appArmor: boolean },
): Security {
  let noNewPrivileges = byDefault
  let apparmorProfile = appArmor && !Privileged ? defaultProfile : undefined
  let seccomp: Security['seccomp'] = Privileged ? 'unconfined' : undefined
  for (const option of SecurityOpt ?? []) {
    const [, key = option, value = 'true'] = /^([a-z-]+)[=:](.*)$/s.exec(option) ?? []
    switch (key) {
      case 'no-new-privileges':
        if (value !== 'true' && value !== 'false') throw invalid(`invalid --security-opt 2: "${option}"`)
        noNewPrivileges = value === 'true'
        break
      case 'seccomp':
        seccomp = parseSeccomp(value, Privileged === true)
        break
      case 'apparmor':
        apparmorProfile = parseAppArmor(value, appArmor)
        break
      case 'label':
        if (value !== 'disable') throw notSupported(`SELinux label "${value}"`)
        break
      default:
        throw invalid(`invalid --security-opt 2: "${option}"`)
    }
  }
  return {
    noNewPrivileges,
    ...(seccomp !== undefined && { seccomp }),
    ...(apparmorProfile !== undefined && { apparmorProfile }),
  }
}

/** A profile that somebody names is never left out in silence: what it would keep the container from is not known here. */
function parseAppArmor(profile: string, enforced: boolean): string | undefined {
  if (profile === 'unconfined') return undefined
  if (/^$|[\n\0]/.test(profile)) throw invalid(`invalid --security-opt 2: "apparmor=${profile}"`)
  const isDefault = profile === dockersProfile || profile === defaultProfile
  if (enforced) return isDefault ? defaultProfile : profile
  if (isDefault) return undefined
  throw invalid(`AppArmor profile "${profile}" cannot be applied: AppArmor is not enabled on this machine`)
}

function parseSeccomp(value: string, privileged: boolean): Security['seccomp'] {
  if (value === 'unconfined') return value
  if (value === 'builtin') return privileged ? 'unconfined' : undefined
  try {
    return JSON.parse(value) as SeccompProfile
  } catch (error) {
    throw invalid(`Decoding seccomp profile failed: ${(error as Error).message}`)
  }
}

/** `null` and absent mean Docker's own lists; a privileged container hides nothing. */
export function effectivePaths({
  MaskedPaths,
  ReadonlyPaths,
  Privileged,
}: Pick<HostConfig, 'MaskedPaths' | 'ReadonlyPaths' | 'Privileged'>): { masked: string[]; readonly: string[] } {
  if (Privileged) return { masked: [], readonly: [] }
  return { masked: [...(MaskedPaths ?? defaultMaskedPaths())], readonly: [...(ReadonlyPaths ?? defaultReadonlyPaths)] }
}
