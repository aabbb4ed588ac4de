import { DataType, load } from 'ffi-rs'
import { addressOf, type ForeignResult } from './ffi.ts'
import { SystemError } from './kernel.ts'
import { type Pointer, type SyscallArgs, type SyscallName, syscallNumber, type Word } from './syscalls.ts'

/**
 * Calls that the kernel may hold for milliseconds (rtnetlink waits for its lock, a firewall transaction for all
 * processors) run on libuv's threads, so that the event loop goes on. A hop costs 50 us. Those threads are few and
 * shared with file I/O: what may block without a bound does not belong here.
 */
export type ForeignInPool = (...words: (number | bigint)[]) => Promise<ForeignResult>

/** A function of an opened library, taking `arity` words. The caller keeps the buffers behind them until it settles. */
export const foreignInPool =
  (library: string, name: string, arity: number): ForeignInPool =>
  (...words) =>
    load({
      library,
      funcName: name,
      retType: DataType.I64,
      paramsType: new Array<DataType>(arity).fill(DataType.I64),
      paramsValue: words,
      errno: true,
      runInNewThread: true,
    }) as unknown as Promise<ForeignResult>

const syscall = foreignInPool('c', 'syscall', 7)

/**
 * A system call on one of libuv's threads. Those threads are in the host's namespaces, whatever the caller's thread
 * has entered. @throws SystemError as the methods of Kernel do
 */
export async function inPool<Name extends SyscallName>(name: Name, ...args: SyscallArgs<Name>): Promise<number> {
  const held = (args as readonly (Pointer | Word)[]).map(arg =>
    typeof arg === 'string' ? Buffer.from(`${arg}\0`) : arg,
  )
  const words = held.map(arg => (arg === null ? 0 : arg instanceof Uint8Array ? addressOf(arg) : arg))
  while (words.length < 6) words.push(0)
  try {
    const { value, errnoCode } = await syscall(syscallNumber(name), ...words)
    if (value === -1) throw new SystemError(name, errnoCode)
    return value
  } finally {
    held.length = 0 // only now may the bytes behind the pointers go
  }
}
