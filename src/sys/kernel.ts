import { describeErrno, errnoName } from './errno.ts'
import { addressOf, foreign } from './ffi.ts'
import { type Pointer, type SyscallArgs, type SyscallName, syscallNumber, syscalls, type Word } from './syscalls.ts'

/**
 * System calls, one method each, named as in section 2 of the manual. They return what the call returns and throw
 * {@link SystemError} where it returns -1. All of them block the calling thread for as long as the kernel does.
 */
export type Kernel = {
  readonly [Name in SyscallName]: (...args: SyscallArgs<Name>) => number
}

/** A failed system call; `code` is the name of its errno, as in errno(3) and as in Node's own errors. */
export class SystemError extends Error {
  override readonly name = 'SystemError'
  readonly code: string
  readonly errno: number
  readonly syscall: string

  constructor(syscall: string, errno: number, detail = '') {
    super(`${syscall}${detail && ` ${detail}`}: ${describeErrno(errno)}`)
    this.code = errnoName(errno)
    this.errno = errno
    this.syscall = syscall
  }
}

const syscall = foreign('c', 'syscall', 7)

// Arguments behind pointers are copied here for the duration of a call, so that a call is one crossing of the FFI.
// A buffer that the kernel fills is passed at its own address instead, and so is one that does not fit.
const arena = Buffer.allocUnsafeSlow(64 * 1024)
const arenaAddress = addressOf(arena)

function invoke(name: SyscallName, args: readonly (Pointer | Word)[]): number {
  const held: Uint8Array[] = [] // keeps what the kernel reads alive until the call is over
  let used = 0
  const at = (buffer: Uint8Array) => {
    held.push(buffer)
    return addressOf(buffer)
  }
  const words = args.map(arg => {
    if (arg === null) return 0
    if (typeof arg !== 'string') return arg instanceof Uint8Array ? at(arg) : arg
    const size = Buffer.byteLength(arg) + 1
    if (used + size > arena.length) return at(Buffer.from(`${arg}\0`))
    const address = arenaAddress + used
    arena.write(arg, used)
    arena[used + size - 1] = 0
    used += size
    return address
  })
  while (words.length < 6) words.push(0)
  const { value, errnoCode } = syscall(syscallNumber(name), ...words)
  if (value === -1) throw new SystemError(name, errnoCode, args.filter(arg => typeof arg === 'string').join(' '))
  return value
}

const names = Object.keys(syscalls) as SyscallName[]

/** The kernel this program runs on. */
export const linux: Kernel = Object.fromEntries(
  names.map(name => [name, (...args: (Pointer | Word)[]) => invoke(name, args)]),
) as unknown as Kernel
