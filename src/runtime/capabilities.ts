/** Capabilities, capabilities(7), by their numbers in linux/capability.h: the index in this list. */
export const capabilityNames = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const

export type CapabilityName = (typeof capabilityNames)[number]

/** What a container's root has unless it asks for more or less: Docker's list. */
export const defaultCapabilities: readonly CapabilityName[] = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
]

/** The number of a capability; undefined for a name that linux/capability.h does not have. */
function capabilityNumber(name: string): number | undefined {
  const number = (capabilityNames as readonly string[]).indexOf(name)
  return number < 0 ? undefined : number
}

/** A set of capabilities as the kernel shows it (`CapBnd` of proc_pid_status(5)): bit N is capability N. */
export function capabilityMask(names: readonly string[]): bigint {
  let mask = 0n
  for (const name of names) {
    const number = capabilityNumber(name)
    if (number !== undefined) mask |= 1n << BigInt(number)
  }
  return mask
}

/** The names in a mask, ascending by number. Bits that have no name here are left out. */
export const capabilitiesIn = (mask: bigint): readonly CapabilityName[] =>
  capabilityNames.filter((_, number) => (mask >> BigInt(number)) & 1n)

/** `mask` of a line such as `CapBnd:\t000001fffeffffff` in the text of /proc/PID/status. */
export function capabilityLine(status: string, field: 'CapBnd' | 'CapPrm' | 'CapEff' | 'CapInh' | 'CapAmb'): bigint {
  const hex = new RegExp(`^${field}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1]
  return hex === undefined ? 0n : BigInt(`0x${hex}`)
}
