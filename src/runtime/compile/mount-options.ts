import { MS } from '../../sys/constants.ts'

const optionTable: Readonly<Record<string, { readonly set?: number; readonly clear?: number }>> = {
  defaults: {},
  ro: { set: MS.RDONLY },
  rw: { clear: MS.RDONLY },
  nosuid: { set: MS.NOSUID },
  suid: { clear: MS.NOSUID },
  nodev: { set: MS.NODEV },
  dev: { clear: MS.NODEV },
  noexec: { set: MS.NOEXEC },
  exec: { clear: MS.NOEXEC },
  sync: { set: MS.SYNCHRONOUS },
  async: { clear: MS.SYNCHRONOUS },
  dirsync: { set: MS.DIRSYNC },
  noatime: { set: MS.NOATIME },
  atime: { clear: MS.NOATIME },
  nodiratime: { set: MS.NODIRATIME },
  diratime: { clear: MS.NODIRATIME },
  relatime: { set: MS.RELATIME },
  norelatime: { clear: MS.RELATIME },
  strictatime: { set: MS.STRICTATIME },
  nostrictatime: { clear: MS.STRICTATIME },
}

/**
 * Splits fstab-style options into mount(2) flags and the file system's own data; of two opposites the later wins.
 * @param initial flags that hold until an option says otherwise
 */
export function parseMountOptions(options: readonly string[], initial = 0): { flags: number; data: string } {
  let flags = initial
  for (const option of options) flags = (flags | (optionTable[option]?.set ?? 0)) & ~(optionTable[option]?.clear ?? 0)
  return { flags, data: options.filter(option => !(option in optionTable)).join(',') }
}
