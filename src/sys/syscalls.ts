/**
 * The system calls the program uses, in one table: the numbers for x86_64 and arm64 (asm/unistd.h of each), and the
 * arguments as section 2 of the manual names them. The kernel binding (kernel.ts) calls them, a launch program
 * (runtime/native) lists them. A new call is a new row.
 */

/** A NUL-terminated string, the bytes behind a pointer, or a null pointer. */
export type Pointer = string | Uint8Array | null
export type Word = number | bigint

declare const args: unique symbol
interface Row<Args extends readonly unknown[]> {
  readonly x64: number
  readonly arm64: number
  readonly [args]?: Args
}
const call = <Args extends readonly (Pointer | Word)[]>(x64: number, arm64: number): Row<Args> => ({ x64, arm64 })

export const syscalls = {
  bpf: call<[command: number, attr: Uint8Array, size: number]>(321, 280),
  bind: call<[fd: number, address: Uint8Array, length: number]>(49, 200),
  capset: call<[header: Uint8Array, data: Uint8Array]>(126, 91),
  chdir: call<[path: string]>(80, 49),
  chroot: call<[path: string]>(161, 51),
  close: call<[fd: number]>(3, 57),
  close_range: call<[first: number, last: number, flags: number]>(436, 436),
  dup3: call<[oldfd: number, newfd: number, flags: number]>(292, 24),
  fcntl: call<[fd: number, command: number, argument: number]>(72, 25),
  execve: call<[path: string, argv: Uint8Array, envp: Uint8Array]>(59, 221),
  fchdir: call<[fd: number]>(81, 50),
  fchmod: call<[fd: number, mode: number]>(91, 52),
  fchownat: call<[dirfd: number, path: string, uid: number, gid: number, flags: number]>(260, 54),
  fchmodat: call<[dirfd: number, path: string, mode: number]>(268, 53),
  fgetxattr: call<[fd: number, name: string, value: Uint8Array, size: number]>(193, 10),
  flistxattr: call<[fd: number, list: Uint8Array, size: number]>(196, 13),
  flock: call<[fd: number, operation: number]>(73, 32),
  getpid: call<[]>(39, 172),
  ioctl: call<[fd: number, request: number, argument: Uint8Array | number]>(16, 29),
  getsockname: call<[fd: number, address: Uint8Array, length: Uint8Array]>(51, 204),
  keyctl: call<[operation: number, arg2: string, arg3: number, arg4: number, arg5: number]>(250, 219),
  kill: call<[pid: number, signal: number]>(62, 129),
  listen: call<[fd: number, backlog: number]>(50, 201),
  lsetxattr: call<[path: string | Uint8Array, name: string, value: Uint8Array, size: number, flags: number]>(189, 6),
  lgetxattr: call<[path: string | Uint8Array, name: string, value: Uint8Array, size: number]>(192, 9),
  llistxattr: call<[path: string | Uint8Array, list: Uint8Array, size: number]>(195, 12),
  madvise: call<[address: number, length: number, advice: number]>(28, 233),
  memfd_create: call<[name: string, flags: number]>(319, 279),
  mkdirat: call<[dirfd: number, path: string, mode: number]>(258, 34),
  mknodat: call<[dirfd: number, path: string | Uint8Array, mode: number, dev: number]>(259, 33),
  mount: call<[source: string | null, target: string, type: string | null, flags: number, data: string | null]>(
    165,
    40,
  ),
  mount_setattr: call<[dirfd: number, path: string, flags: number, attr: Uint8Array, size: number]>(442, 442),
  move_mount: call<[fromDirfd: number, fromPath: string, toDirfd: number, toPath: string, flags: number]>(429, 429),
  open_tree: call<[dirfd: number, path: string, flags: number]>(428, 428),
  openat: call<[dirfd: number, path: string, flags: number, mode: number]>(257, 56),
  openat2: call<[dirfd: number, path: string, how: Uint8Array, size: number]>(437, 437),
  pidfd_getfd: call<[pidfd: number, targetfd: number, flags: number]>(438, 438),
  pidfd_open: call<[pid: number, flags: number]>(434, 434),
  pidfd_send_signal: call<[pidfd: number, signal: number, info: null, flags: number]>(424, 424),
  pivot_root: call<[newRoot: string, putOld: string]>(155, 41),
  prctl: call<[option: number, arg2: Word | Pointer, arg3: Word, arg4: Word, arg5: Word]>(157, 167),
  prlimit64: call<[pid: number, resource: number, newLimit: Uint8Array | null, oldLimit: Uint8Array | null]>(302, 261),
  recvfrom: call<[fd: number, buffer: Uint8Array, length: number, flags: number, address: null, addressLength: null]>(
    45,
    207,
  ),
  sendmsg: call<[fd: number, message: Uint8Array, flags: number]>(46, 211),
  sendto: call<
    [fd: number, buffer: Uint8Array, length: number, flags: number, address: Uint8Array | null, addressLength: number]
  >(44, 206),
  renameat2: call<[olddirfd: number, oldpath: string, newdirfd: number, newpath: string, flags: number]>(316, 276),
  seccomp: call<[operation: number, flags: number, args: Uint8Array]>(317, 277),
  sethostname: call<[name: string, length: number]>(170, 161),
  setdomainname: call<[name: string, length: number]>(171, 162),
  setfsgid: call<[gid: number]>(123, 152),
  setfsuid: call<[uid: number]>(122, 151),
  setgroups: call<[size: number, list: Uint8Array | null]>(116, 159),
  setns: call<[fd: number, nstype: number]>(308, 268),
  setresgid: call<[rgid: number, egid: number, sgid: number]>(119, 149),
  setresuid: call<[ruid: number, euid: number, suid: number]>(117, 147),
  setsid: call<[]>(112, 157),
  socketpair: call<[domain: number, type: number, protocol: number, sv: Uint8Array]>(53, 199),
  getsockopt: call<[fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array]>(55, 209),
  setsockopt: call<[fd: number, level: number, option: number, value: Uint8Array, length: number]>(54, 208),
  socket: call<[domain: number, type: number, protocol: number]>(41, 198),
  symlinkat: call<[target: string, newdirfd: number, linkpath: string]>(266, 36),
  umask: call<[mask: number]>(95, 166),
  umount2: call<[target: string, flags: number]>(166, 39),
  unshare: call<[flags: number]>(272, 97),
  utimensat: call<[dirfd: number, path: string | Uint8Array, times: Uint8Array, flags: number]>(280, 88),
  wait4: call<[pid: number, status: Uint8Array | null, options: number, usage: null]>(61, 260),
  write: call<[fd: number, data: Uint8Array | string, count: number]>(1, 64),
} as const satisfies Record<string, Row<readonly (Pointer | Word)[]>>

export type SyscallName = keyof typeof syscalls
export type SyscallArgs<Name extends SyscallName> = (typeof syscalls)[Name] extends Row<infer Args> ? Args : never

/** The number of a call on this machine. @throws TypeError on an architecture that is neither x64 nor arm64 */
export function syscallNumber(name: SyscallName): number {
  if (process.arch === 'x64') return syscalls[name].x64
  if (process.arch === 'arm64') return syscalls[name].arm64
  throw new TypeError(`no system call numbers for ${process.arch}`)
}
