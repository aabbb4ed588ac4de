import type { SeccompFilter, SeccompProfile, SeccompRule } from '../spec.ts'

/**
 * The system calls a container may make unless it asks for something else: the same set that Docker's default profile
 * allows, by topic. What is in no row fails with EPERM. Calls that reach beyond the container's namespaces, or into
 * rarely used and often vulnerable parts of the kernel (io_uring, key rings, kexec, userfaultfd, ...), are missing on
 * purpose; some of them come back with the capability that guards them anyway.
 */
const words = (text: string): readonly string[] => text.trim().split(/\s+/)

const allowed = {
  files: words(`
    access chdir close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fadvise64_64
    fallocate fchdir fcntl fcntl64 fdatasync flock fsync ftruncate ftruncate64 getcwd getdents getdents64 ioctl link
    linkat _llseek lseek mkdir mkdirat mknod mknodat name_to_handle_at open openat openat2 pipe pipe2 pread64 preadv
    preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir
    sendfile sendfile64 splice symlink symlinkat sync sync_file_range syncfs tee truncate truncate64 umask unlink
    unlinkat vmsplice write writev`),
  fileAttributes: words(`
    chmod chown chown32 fchmod fchmodat fchmodat2 fchown fchown32 fchownat fgetxattr flistxattr fremovexattr fsetxattr
    fstat fstat64 fstatat64 fstatfs fstatfs64 futimesat getxattr getxattrat lchown lchown32 lgetxattr listmount
    listxattr listxattrat llistxattr lremovexattr lsetxattr lstat lstat64 newfstatat removexattr removexattrat setxattr
    setxattrat stat stat64 statfs statfs64 statmount statx utime utimensat utimensat_time64 utimes`),
  events: words(`
    epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd
    eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch _newselect poll ppoll
    ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4`),
  asynchronousIo: words('io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit'),
  memory: words(`
    brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2
    mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages`),
  processes: words(`
    execve execveat exit exit_group fork getpgid getpgrp getpid getppid getpriority getrlimit getrusage getsid gettid
    pidfd_open prctl prlimit64 process_mrelease restart_syscall rseq set_robust_list get_robust_list set_thread_area
    get_thread_area set_tid_address setpgid setpriority setrlimit setsid ugetrlimit uretprobe vfork wait4 waitid waitpid`),
  signals: words(`
    alarm getitimer kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
    rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo setitimer sigaltstack sigprocmask sigreturn
    tgkill tkill`),
  threads: words('futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake'),
  scheduling: words(`
    getcpu ioprio_get ioprio_set sched_getaffinity sched_getattr sched_getparam sched_get_priority_max
    sched_get_priority_min sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity
    sched_setattr sched_setparam sched_setscheduler sched_yield`),
  time: words(`
    adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
    clock_nanosleep clock_nanosleep_time64 gettimeofday nanosleep time timer_create timer_delete timer_getoverrun
    timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64
    timerfd_settime timerfd_settime64 times`),
  users: words(`
    capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32
    getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32
    setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32`),
  sockets: words(`
    accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg
    send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair`),
  systemVIpc: words(`
    ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget`),
  messageQueues: words(`
    mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink`),
  // Restrictions that a program puts on itself.
  sandboxing: words('landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp'),
  machine: words('getrandom riscv_hwprobe sysinfo uname'),
  // Safe since 4.8, where seccomp began to look again at a call that a tracer has changed.
  debugging: words('process_vm_readv process_vm_writev ptrace'),
} as const satisfies Record<string, readonly string[]>

/** What a capability opens beyond the rows above. */
const allowedWith: Readonly<Record<string, readonly string[]>> = {
  CAP_BPF: ['bpf'],
  CAP_DAC_READ_SEARCH: ['open_by_handle_at'],
  CAP_PERFMON: ['perf_event_open'],
  CAP_SYSLOG: ['syslog'],
  CAP_SYS_ADMIN: words(`
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
    lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname
    sethostname setns syslog umount umount2 unshare`),
  CAP_SYS_BOOT: ['reboot'],
  CAP_SYS_CHROOT: ['chroot'],
  CAP_SYS_MODULE: words('delete_module finit_module init_module'),
  CAP_SYS_NICE: words('get_mempolicy mbind set_mempolicy set_mempolicy_home_node'),
  CAP_SYS_PACCT: ['acct'],
  CAP_SYS_PTRACE: words('kcmp pidfd_getfd process_madvise'),
  CAP_SYS_RAWIO: words('ioperm iopl'),
  CAP_SYS_TIME: words('clock_settime clock_settime64 settimeofday stime'),
  CAP_SYS_TTY_CONFIG: ['vhangup'],
}

/** Calls that only some architectures have, by the name that Docker's profiles use for the architecture. */
const allowedOn: Readonly<Record<string, readonly string[]>> = {
  amd64: words('arch_prctl modify_ldt'),
  arm64: words('arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2'),
}

const ALLOW = 'SCMP_ACT_ALLOW'
const allow = (names: readonly string[], filter: { includes?: SeccompFilter; excludes?: SeccompFilter } = {}) => ({
  names,
  action: ALLOW,
  ...filter,
})
const allowWhere = (name: string, op: string, value: number, valueTwo = 0): SeccompRule => ({
  names: [name],
  action: ALLOW,
  args: [{ index: 0, op, value, valueTwo }],
})

// clone(2): CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET.
const newNamespaces = 0x7e020000
const withoutSysAdmin = { excludes: { caps: ['CAP_SYS_ADMIN'] } }

// personality(2): PER_LINUX, PER_LINUX32, both with UNAME26 (0x20000), and the question for the current one.
const personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff]

export const defaultSeccompProfile: SeccompProfile = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 1,
  // Docker allows x32 too, which no distribution's kernel has switched on and nobody's images use. Without it the
  // filter is smaller by a third, and so is the time to load it; calls of x32 fail with ENOSYS, as on those kernels.
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
  ],
  syscalls: [
    allow(Object.values(allowed).flat()),
    // All address families but AF_ALG (38: the kernel's cryptography, a source of exploits) and AF_VSOCK (40: talks to
    // virtual machines and their host past every network namespace).
    allowWhere('socket', 'SCMP_CMP_LT', 38),
    allowWhere('socket', 'SCMP_CMP_EQ', 39),
    allowWhere('socket', 'SCMP_CMP_GT', 40),
    ...personalities.map(value => allowWhere('personality', 'SCMP_CMP_EQ', value)),
    { ...allowWhere('clone', 'SCMP_CMP_MASKED_EQ', newNamespaces), ...withoutSysAdmin },
    // The flags of clone3 are behind a pointer, which no filter can follow: ENOSYS (38) makes libraries use clone.
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38, ...withoutSysAdmin },
    ...Object.entries(allowedOn).map(([arch, names]) => allow(names, { includes: { arches: [arch] } })),
    ...Object.entries(allowedWith).map(([capability, names]) => allow(names, { includes: { caps: [capability] } })),
  ],
}
