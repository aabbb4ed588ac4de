/**
 * Constants of the kernel's interface, by the names of its headers and manual pages. All are the same on x86_64 and
 * arm64 except those chosen by {@link process.arch}. A family is an object, so that it can be searched by value.
 */

const arm64 = process.arch === 'arm64'

/** open(2), fcntl.h */
export const O = {
  RDONLY: 0o0,
  WRONLY: 0o1,
  RDWR: 0o2,
  CREAT: 0o100,
  EXCL: 0o200,
  NOCTTY: 0o400,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  DIRECTORY: arm64 ? 0o40000 : 0o200000,
  NOFOLLOW: arm64 ? 0o100000 : 0o400000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
} as const

/** Directory descriptors and flags of the *at() calls, fcntl.h */
export const AT = {
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  NO_AUTOMOUNT: 0x800,
  EMPTY_PATH: 0x1000,
  RECURSIVE: 0x8000,
} as const

/** renameat2(2) */
export const RENAME = { EXCHANGE: 2 } as const

/** mount(2) */
export const MS = {
  RDONLY: 0x1,
  NOSUID: 0x2,
  NODEV: 0x4,
  NOEXEC: 0x8,
  SYNCHRONOUS: 0x10,
  REMOUNT: 0x20,
  MANDLOCK: 0x40,
  DIRSYNC: 0x80,
  NOSYMFOLLOW: 0x100,
  NOATIME: 0x400,
  NODIRATIME: 0x800,
  BIND: 0x1000,
  MOVE: 0x2000,
  REC: 0x4000,
  SILENT: 0x8000,
  UNBINDABLE: 0x20000,
  PRIVATE: 0x40000,
  SLAVE: 0x80000,
  SHARED: 0x100000,
  RELATIME: 0x200000,
  STRICTATIME: 0x1000000,
  LAZYTIME: 0x2000000,
} as const

/** umount2(2) */
export const MNT = { FORCE: 1, DETACH: 2, EXPIRE: 4 } as const
/** umount2(2): a symbolic link is not followed. */
export const UMOUNT_NOFOLLOW = 8

/** mount_setattr(2), fsmount(2) */
export const MOUNT_ATTR = {
  RDONLY: 0x1,
  NOSUID: 0x2,
  NODEV: 0x4,
  NOEXEC: 0x8,
  NOATIME: 0x10,
  STRICTATIME: 0x20,
  NODIRATIME: 0x80,
  IDMAP: 0x100000,
  NOSYMFOLLOW: 0x200000,
} as const

/** open_tree(2); AT.RECURSIVE and AT.EMPTY_PATH go with them. */
export const OPEN_TREE = { CLONE: 1, CLOEXEC: O.CLOEXEC } as const

/** move_mount(2) */
export const MOVE_MOUNT = {
  F_SYMLINKS: 0x1,
  F_AUTOMOUNTS: 0x2,
  F_EMPTY_PATH: 0x4,
  T_SYMLINKS: 0x10,
  T_AUTOMOUNTS: 0x20,
  T_EMPTY_PATH: 0x40,
} as const

/** `how.resolve` of openat2(2) */
export const RESOLVE = { NO_XDEV: 1, NO_MAGICLINKS: 2, NO_SYMLINKS: 4, BENEATH: 8, IN_ROOT: 16, CACHED: 32 } as const

/** clone3(2), unshare(2), setns(2) */
export const CLONE = {
  NEWTIME: 0x80,
  VM: 0x100,
  FS: 0x200,
  PIDFD: 0x1000,
  PTRACE: 0x2000,
  VFORK: 0x4000,
  PARENT: 0x8000,
  NEWNS: 0x20000,
  NEWCGROUP: 0x2000000,
  NEWUTS: 0x4000000,
  NEWIPC: 0x8000000,
  NEWUSER: 0x10000000,
  NEWPID: 0x20000000,
  NEWNET: 0x40000000,
  INTO_CGROUP: 0x200000000,
} as const

/** prctl(2) */
export const PR = {
  SET_PDEATHSIG: 1,
  SET_DUMPABLE: 4,
  SET_KEEPCAPS: 8,
  SET_NAME: 15,
  SET_SECCOMP: 22,
  CAPBSET_READ: 23,
  CAPBSET_DROP: 24,
  SET_SECUREBITS: 28,
  SET_CHILD_SUBREAPER: 36,
  SET_NO_NEW_PRIVS: 38,
  CAP_AMBIENT: 47,
} as const
/** Second arguments of prctl(PR_CAP_AMBIENT, ...) */
export const PR_CAP_AMBIENT = { IS_SET: 1, RAISE: 2, LOWER: 3, CLEAR_ALL: 4 } as const

/** seccomp(2) */
export const SECCOMP = {
  SET_MODE_FILTER: 1,
  FILTER_FLAG_TSYNC: 1,
  FILTER_FLAG_LOG: 2,
  FILTER_FLAG_SPEC_ALLOW: 4,
} as const

/** ioctl(2) for the bytes that a socket has sent and its other end has not read: tcp(7), and the same for unix(7) */
export const SIOCOUTQ = 0x5411

/** ioctl_tty(2) */
export const TIOC = { SCTTY: 0x540e, GWINSZ: 0x5413, SWINSZ: 0x5414, SPTLCK: 0x40045431, GPTPEER: 0x5441 } as const

/** fcntl(2), and its file seals of memfd_create(2) */
export const F = {
  GETFD: 1,
  SETFD: 2,
  GETFL: 3,
  SETFL: 4,
  DUPFD_CLOEXEC: 1030,
  ADD_SEALS: 1033,
  GET_SEALS: 1034,
} as const
export const F_SEAL = { SEAL: 1, SHRINK: 2, GROW: 4, WRITE: 8, FUTURE_WRITE: 16, EXEC: 32 } as const

/** memfd_create(2) */
export const MFD = { CLOEXEC: 1, ALLOW_SEALING: 2, NOEXEC_SEAL: 8, EXEC: 16 } as const

/** The greatest descriptor number: the end of "and everything above". */
export const LAST_FD = 0xffff_ffff

/** socket(2), socketpair(2), unix(7) */
export const AF = { UNIX: 1, INET: 2, INET6: 10, NETLINK: 16 } as const
export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, SEQPACKET: 5, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const
export const SOL_SOCKET = 1
export const SCM_RIGHTS = 1

/** madvise(2) */
export const MADV = { DONTNEED: 4 } as const

/** flock(2) */
export const LOCK = { SH: 1, EX: 2, NB: 4, UN: 8 } as const

/** wait4(2) */
export const W = { NOHANG: 1, UNTRACED: 2 } as const

/** File types of mknod(2), inode(7) */
export const S_IF = {
  FIFO: 0o010000,
  CHR: 0o020000,
  DIR: 0o040000,
  BLK: 0o060000,
  REG: 0o100000,
  SOCK: 0o140000,
} as const
