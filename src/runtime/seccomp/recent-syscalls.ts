/**
 * System calls that the C library's libseccomp may be too old to know by name (Debian 12's ends with Linux 5.17). From
 * 424 on every architecture has the same numbers (asm-generic/unistd.h). Without these rows a program built for a newer
 * C library would be told EPERM, where it falls back to an older call only on ENOSYS.
 */
const everywhere: Readonly<Record<string, number>> = {
  cachestat: 451,
  fchmodat2: 452,
  map_shadow_stack: 453,
  futex_wake: 454,
  futex_wait: 455,
  futex_requeue: 456,
  statmount: 457,
  listmount: 458,
  lsm_get_self_attr: 459,
  lsm_set_self_attr: 460,
  lsm_list_modules: 461,
  mseal: 462,
  setxattrat: 463,
  getxattrat: 464,
  listxattrat: 465,
  removexattrat: 466,
  open_tree_attr: 467,
  file_getattr: 468,
  file_setattr: 469,
}

const onlyOn: Readonly<Record<string, Readonly<Record<string, number>>>> = { amd64: { uretprobe: 335 } }

export const recentSyscallNumber = (name: string, arch: string): number | undefined =>
  everywhere[name] ?? onlyOn[arch]?.[name]
