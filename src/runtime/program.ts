import type { ErrnoName } from '../sys/errno.ts'
import type { SyscallArgs, SyscallName } from '../sys/syscalls.ts'

/**
 * A launch program: the system calls that turn a child of the monitor into a container's process, as a flat list.
 * TypeScript writes it, the monitor (native/) runs it: JavaScript cannot run between clone and exec. It is a value: it
 * can be compared, printed ({@link renderProgram} in program-render.ts) and encoded (program-encode.ts).
 *
 * A container's program:
 *
 *     const p = new ProgramBuilder()
 *     p.clone(CLONE.NEWNS | CLONE.NEWPID | ..., 'monitor')  // steps from here run in the container's first process
 *     p.call('mount', ['proc', '/proc', 'proc', 0, null], { words: 'mount proc on /proc' })
 *     const fd = p.call('openat2', [...])                   // a result ...
 *     p.call('move_mount', [fd, '', AT.FDCWD, '/x', ...])   // ... is an operand of later steps
 *     standardStreams(p, { stdin })                         // or openTerminal(p, ...): program-streams.ts
 *     p.clone(0, 'init')                                    // left out where the program itself is to be PID 1
 *     newSession(p, { terminal })
 *     return p.exec(['/bin/sh'], ['sh', '-c', 'true'], ['PATH=/bin'])
 *
 * A program that joins a container:
 *
 *     p.clone(0, 'monitor')               // join cgroups, setns(pid) and the other namespaces
 *     p.clone(CLONE.PARENT, 'exit')       // into the pid namespace; the intermediate tells the pid and goes
 *     ...
 *     return p.exec(...)
 *
 * What a step finds:
 * - Everything before the first clone runs in the monitor itself; usually there is nothing.
 * - The working directory is not to be relied on: use absolute paths, or descriptors.
 * - 0, 1 and 2 are /dev/null until the program dups something onto them. The {@link descriptor}s below are open, and
 *   nothing else. All of them are close-on-exec, and `exec` marks every descriptor from 3 close-on-exec once more; but
 *   before the working directory is changed to one the user chose, `closeDescriptors` closes them for good
 *   (CVE-2024-21626: a directory of the host reached through /proc/self/fd).
 * - All signals are blocked; `exec` unblocks them. Dispositions are the defaults. The umask is 022.
 * - The process is not dumpable (PR_SET_DUMPABLE): nothing in the container can ptrace or inspect it before it execs.
 *   Therefore /proc/self belongs to root: write to it before giving up uid 0.
 * - `init` needs wait4, rt_sigtimedwait, kill, exit_group, prctl, munmap, close and close_range of a seccomp filter that is
 *   loaded before it is cloned, which clone falls back from clone3 to clone for. Clone it after the credentials are set,
 *   so that it has the user of the process which it must signal.
 */
export interface Program {
  readonly steps: readonly Step[]
}

export type Word = number | bigint

/**
 * What is behind a pointer: a NUL-terminated string, bytes, words, or nothing. Bytes given as the same Uint8Array twice
 * are the same memory twice, so that what one step has the kernel write there another can pass on.
 */
export type Memory = string | Uint8Array | Words | null

/** Little-endian 64-bit words one after the other, pointers among them: argv, `struct sock_fprog`, `struct msghdr`. */
export interface Words {
  readonly words: readonly (Word | Memory)[]
}

/** What an earlier step returned, -errno if it failed and that was tolerated. */
export interface Result {
  readonly resultOf: number
}

export type Operand = Word | Memory | Result

export interface CallStep {
  readonly op: 'call'
  readonly name: SyscallName
  readonly args: readonly Operand[]
  /** What the step does, for the message of its failure: `mount proc on /proc`. */
  readonly words: string
  readonly tolerate: readonly ErrnoName[]
}

/**
 * What becomes of the process that cloned; the child goes on with the next step.
 * - `monitor`: it watches the child, holds its streams and records its exit.
 * - `exit`: it tells the monitor the child's pid and exits; for CLONE_PARENT.
 * - `init`: it closes everything, forwards signals to the child, reaps orphans, and exits as the child does.
 */
export type ParentRole = 'monitor' | 'exit' | 'init'

export interface CloneStep {
  readonly op: 'clone'
  readonly flags: number
  readonly parent: ParentRole
  /** With CLONE_INTO_CGROUP: a descriptor of the cgroup (v2) that the child starts in. */
  readonly cgroup: Word | Result
}

/** Runs the first of `candidates` that is there: execvp(3) with the PATH already searched for names. Always the last. */
export interface ExecStep {
  readonly op: 'exec'
  readonly candidates: readonly string[]
  readonly argv: readonly string[]
  readonly env: readonly string[]
}

export type Step = CallStep | CloneStep | ExecStep

/** Descriptors that are open in the child, by number, until it closes them or execs. */
export const descriptor = {
  /** The interpreter's own: failures and the exec are reported through it. Never close or replace it. */
  status: 24,
  /** Read end of standard input; only with the monitor option `stdin`. */
  stdin: 25,
  /** Write ends of the output pipes; not with a terminal. */
  stdout: 26,
  stderr: 27,
  /** A socket that takes the master of the terminal (SCM_RIGHTS); only with a terminal. */
  terminal: 28,
  /** The user namespace that the process is to join. */
  user: 30,
  /** What the launch option `inherit` lists: the first at this number, the next at the next. */
  inherited: 32,
} as const

/** The operands a call takes: where its man page has a number a result may stand, where it has a buffer words may. */
type OperandOf<Arg> = Arg extends number | bigint ? Word | Result : Arg extends Uint8Array ? Uint8Array | Words : Arg
type OperandsOf<Args extends readonly unknown[]> = { readonly [Index in keyof Args]: OperandOf<Args[Index]> }

export class ProgramBuilder {
  readonly #steps: Step[] = []

  /** Adds a system call. Where it may fail, `tolerate` lists how; without `words` its own name describes it. */
  call<Name extends SyscallName>(
    name: Name,
    args: OperandsOf<SyscallArgs<Name>>,
    { words = name, tolerate = [] }: { words?: string; tolerate?: readonly ErrnoName[] } = {},
  ): Result {
    return this.#add({ op: 'call', name, args: args as readonly Operand[], words, tolerate })
  }

  /** Adds a clone3(2); CLONE_VM and the other flags of threads must not be among `flags`. */
  clone(flags: number, parent: ParentRole, cgroup: Word | Result = 0): void {
    this.#add({ op: 'clone', flags, parent, cgroup })
  }

  /**
   * Ends the program. @param candidates paths to try in this order, each one absolute or relative to the working
   * directory of that moment; of several that fail, EACCES wins over ENOENT, as in execvp(3)
   */
  exec(candidates: readonly string[], argv: readonly string[], env: readonly string[]): Program {
    this.#add({ op: 'exec', candidates, argv, env })
    return { steps: this.#steps }
  }

  /** A program that executes nothing: for {@link perform}. */
  end(): Program {
    return { steps: this.#steps }
  }

  #add(step: Step): Result {
    return { resultOf: this.#steps.push(step) - 1 }
  }
}
