import { existsSync, readdirSync } from 'node:fs'

const masked: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]

let known: readonly string[] | undefined

/** Docker's default paths that would tell or let do too much; hidden by /dev/null or an empty read-only directory. */
export function defaultMaskedPaths(): readonly string[] {
  known ??= [...masked, ...thermalThrottles()]
  return known
}

/** What tells by the heat of each processor what others compute there (GHSA-6fw5-f8r9-fgfm of moby). */
export const thermalThrottles = (cpus = '/sys/devices/system/cpu'): readonly string[] =>
  readdirSync(cpus)
    .filter(name => /^cpu\d+$/.test(name))
    .map(name => `${cpus}/${name}/thermal_throttle`)
    .filter(path => existsSync(path))

/** Docker's default paths that may be read but not written. */
export const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
]

/** Where a program is looked for if the environment has no PATH. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
