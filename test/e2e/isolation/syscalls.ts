import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * What Docker's default profile keeps from a container with the default capabilities: everything of x86_64's table that
 * no row of it allows, written down from its documentation and the kernel's table and not from our own list.
 */
const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Opened by a capability, and closed without it. (Of syslog, CAP_SYS_ADMIN opens the filter, but not the kernel.) */
export const guarded: Readonly<Record<string, readonly string[]>> = {
  CAP_BPF: ['bpf'],
  CAP_DAC_READ_SEARCH: ['open_by_handle_at'],
  CAP_PERFMON: ['perf_event_open'],
  CAP_SYSLOG: ['syslog'],
  CAP_SYS_ADMIN: words(`
    bpf fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount open_tree
    perf_event_open quotactl quotactl_fd setdomainname sethostname setns umount2 unshare`),
  CAP_SYS_BOOT: ['reboot'],
  CAP_SYS_MODULE: words('delete_module finit_module init_module'),
  CAP_SYS_NICE: words('get_mempolicy mbind set_mempolicy set_mempolicy_home_node'),
  CAP_SYS_PACCT: ['acct'],
  CAP_SYS_PTRACE: words('kcmp pidfd_getfd process_madvise'),
  CAP_SYS_RAWIO: words('ioperm iopl'),
  CAP_SYS_TIME: words('clock_settime settimeofday'),
  CAP_SYS_TTY_CONFIG: ['vhangup'],
}

/** Never allowed: no capability opens them. */
const never = words(`
  _sysctl add_key afs_syscall create_module get_kernel_syms getpmsg io_uring_enter io_uring_register io_uring_setup
  kexec_file_load kexec_load keyctl migrate_pages move_pages nfsservctl pivot_root putpmsg query_module request_key
  security swapoff swapon sysfs tuxcall uselib userfaultfd ustat vserver`)

const refused = [...new Set([...never, ...Object.values(guarded).flat()])]

type Row = readonly [name: string, number: string, args?: string]
/** Allowed or not by an argument, or by the table of numbers that a call is from. */
const byArgument = {
  refused: [
    ['socket AF_ALG', 'SYS_socket', '38, SOCK_SEQPACKET, 0'],
    ['socket AF_VSOCK', 'SYS_socket', '40, SOCK_STREAM, 0'],
    ['personality ADDR_NO_RANDOMIZE', 'SYS_personality', 'ADDR_NO_RANDOMIZE'],
    ...words('NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET').map(
      (flag): Row => [`clone CLONE_${flag}`, 'SYS_clone', `CLONE_${flag} | SIGCHLD, 0, 0, 0, 0`],
    ),
    ['unshare CLONE_NEWUSER', 'SYS_unshare', 'CLONE_NEWUSER'],
  ],
  allowed: [
    ['socket AF_INET', 'SYS_socket', 'AF_INET, SOCK_STREAM, 0'],
    ['personality, asked', 'SYS_personality', '0xffffffff'],
    ['clone', 'SYS_clone', 'SIGCHLD, 0, 0, 0, 0'],
    ['chroot', 'SYS_chroot', '(long)"/"'],
    ['getpid', 'SYS_getpid', '0'],
  ],
} satisfies Record<string, readonly Row[]>

/** What is expected of a container with the defaults, by the names of the errors; 0: it works. */
export const expected: ReadonlyMap<string, string> = new Map([
  ...refused.map((name): [string, string] => [name, 'EPERM']),
  ...byArgument.refused.map(([name]): [string, string] => [name, 'EPERM']),
  ...byArgument.allowed.map(([name]): [string, string] => [name, '0']),
  // What a filter cannot judge, and what is newer than the profile, is as if it were not there.
  ['clone3', 'ENOSYS'],
  ['a call of the future', 'ENOSYS'],
  ...(process.arch === 'x64'
    ? ([
        ['mount by int 0x80', 'EPERM'],
        ['mount of x32', 'ENOSYS'],
      ] as const)
    : []),
])

/** Compiles the prober into a directory. @returns its name in there */
export function compileProber(directory: string): string {
  const named = (name: string): string => `#ifdef SYS_${name}\n{ "${name}", SYS_${name}, NONSENSE },\n#endif\n`
  const given = ([name, number, args]: Row) => `{ "${name}", ${number}, { ${args} } },\n`
  const rows = [
    ...refused.map(named),
    named('clone3'),
    '{ "a call of the future", 9999, NONSENSE },\n',
    ...[...byArgument.refused, ...byArgument.allowed].map(given),
    '#ifdef __x86_64__\n{ "mount by int 0x80", I386 | I386_MOUNT, NONSENSE },\n',
    '{ "mount of x32", X32 | SYS_mount, NONSENSE },\n#endif\n',
  ]
  writeFileSync(join(directory, 'syscalls.inc'), rows.join(''))
  const source = fileURLToPath(new URL('syscalls.c', import.meta.url))
  execFileSync('cc', ['-static', '-O1', '-I', directory, '-o', join(directory, 'syscalls'), source])
  return 'syscalls'
}

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [String(number), name]))
/** What the prober printed, by the names of the errors. */
export const parseAnswers = (output: string): ReadonlyMap<string, string> =>
  new Map(
    output
      .trim()
      .split('\n')
      .map(line => {
        const [name = '', answer = ''] = line.split(': ')
        return [name, names.get(answer) ?? answer]
      }),
  )
