import { release } from 'node:os'
import { TscomposeError } from '../../errors.ts'
import { capabilitiesIn, capabilityMask } from '../capabilities.ts'
import type { Cgroup } from '../cgroup/cgroup.ts'
import { defaultDevices } from '../cgroup/device-rules.ts'
import type { ContainerFacts, ProcessFacts, UserFacts } from '../compile/facts.ts'
import { seccompFilter } from '../seccomp/filter.ts'
import { kernelAtLeast } from '../seccomp/rules.ts'
import type { ContainerSpec, ProcessSpec } from '../spec.ts'
import { hostDevices } from './host-devices.ts'
import { canRaiseLimits, type Machine, thisMachine } from './machine.ts'
import { masksOf } from './masks.ts'
import { placeMounts } from './place-mounts.ts'
import { effectiveRlimits } from './rlimits.ts'
import { checkSysctls } from './sysctl.ts'

/** A specification cut down to what the machine can give, what it could not give in words, and the facts for a program. */
export interface Prepared<Spec, Facts> {
  readonly spec: Spec
  readonly facts: Facts
  readonly warnings: readonly string[]
}

/** @throws TscomposeError where a specification asks for what must not or cannot be done */
export function prepareContainer(
  given: ContainerSpec,
  cgroup: Cgroup,
  user?: UserFacts,
): Prepared<ContainerSpec, ContainerFacts> {
  checkSysctls(given)
  if (user) checkOwnersCanBeShifted(given)
  const { spec: process, facts, warnings } = prepareProcess(given.process, cgroup, user)
  return {
    spec: { ...given, process },
    facts: {
      ...facts,
      view: cgroup.view,
      mounts: placeMounts(given),
      devices: given.privileged ? hostDevices() : [...defaultDevices, ...given.devices],
      masks: masksOf(given.maskedPaths),
      overlayOptions: thisMachine().overlayOptions,
    },
    warnings,
  }
}

/** The root that the engine itself is in cannot be mounted over: overlayfs must take a mount that is nowhere attached. */
function checkOwnersCanBeShifted({ root }: ContainerSpec): void {
  if (!root.lowerdirs.includes('/') || kernelAtLeast(release(), '6.15')) return
  throw new TscomposeError(
    'RUNTIME_USER_NAMESPACE_FAILED',
    `rootfs:/ needs Linux 6.15 in a user namespace, this is ${release()}`,
    { fix: 'Opt out of "userns-remap": --userns=host, or userns_mode: host.' },
  )
}

export function prepareProcess(
  given: ProcessSpec,
  cgroup: Cgroup,
  user?: UserFacts,
): Prepared<ProcessSpec, ProcessFacts> {
  const machine = thisMachine()
  const warnings: string[] = []
  const process = { ...given, capabilities: availableCapabilities(given, machine, warnings) }
  const facts = {
    join: cgroup.join,
    user,
    seccomp: seccompFilter(process),
    confinement: given.apparmorProfile ? { file: machine.appArmorFile, profile: given.apparmorProfile } : undefined,
    lastCapability: machine.lastCapability,
    rlimits: effectiveRlimits(given.rlimits, machine, warnings),
    oomScoreAdj: effectiveOomScore(given.oomScoreAdj ?? 0, machine, warnings),
  }
  return { spec: process, facts, warnings }
}

function availableCapabilities({ capabilities }: ProcessSpec, machine: Machine, warnings: string[]): readonly string[] {
  const wanted = capabilityMask(capabilities)
  const missing = capabilitiesIn(wanted & ~machine.permittedCapabilities)
  for (const name of missing) warnings.push(`${name} is not available on this machine`)
  return missing.length > 0 ? capabilitiesIn(wanted & machine.permittedCapabilities) : capabilities
}

/** Where CAP_SYS_RESOURCE allows it the monitor, whose child a process is, has a lower one than this one: native/oom.h. */
function effectiveOomScore(wanted: number, machine: Machine, warnings: string[]): number | undefined {
  if (canRaiseLimits(machine) || wanted > machine.oomScoreAdj) return wanted
  if (wanted === machine.oomScoreAdj) return undefined
  warnings.push(
    `oom_score_adj is ${machine.oomScoreAdj} instead of ${wanted}: without CAP_SYS_RESOURCE it cannot be lowered`,
  )
  return undefined
}
