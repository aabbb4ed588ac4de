import { TscomposeError } from '../../errors.ts'
import type { EffectiveRlimit } from '../compile/facts.ts'
import type { Rlimit } from '../spec.ts'
import { canRaiseLimits, type Machine } from './machine.ts'

/** getrlimit(2); the numbers are those of asm-generic/resource.h. */
const resources = [
  'CPU',
  'FSIZE',
  'DATA',
  'STACK',
  'CORE',
  'RSS',
  'NPROC',
  'NOFILE',
  'MEMLOCK',
  'AS',
  'LOCKS',
  'SIGPENDING',
  'MSGQUEUE',
  'NICE',
  'RTPRIO',
  'RTTIME',
]
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn

/**
 * Turns resource limits into numbers for the kernel. A hard limit above our own cannot be set without
 * CAP_SYS_RESOURCE; then our own is used, with a warning: most images that ask for more run well with less.
 */
export function effectiveRlimits(rlimits: readonly Rlimit[], machine: Machine, warnings: string[]): EffectiveRlimit[] {
  return rlimits.map(({ type, soft, hard }) => {
    const resource = resources.indexOf(type.replace(/^RLIMIT_/, ''))
    if (resource < 0) throw new TscomposeError('RUNTIME_LIMIT_REFUSED', `there is no resource limit ${type}`)
    const wanted = { type, resource, soft: limit(soft), hard: limit(hard) }
    const own = canRaiseLimits(machine) ? RLIM_INFINITY : machine.hardLimit(resource)
    if (wanted.hard <= own) return wanted
    warnings.push(`${type} is ${own} instead of ${show(wanted.hard)}: without CAP_SYS_RESOURCE it cannot be raised`)
    return { ...wanted, hard: own, soft: wanted.soft < own ? wanted.soft : own }
  })
}

const limit = (value: number): bigint => (value < 0 ? RLIM_INFINITY : BigInt(value))
const show = (value: bigint) => (value === RLIM_INFINITY ? 'unlimited' : String(value))
