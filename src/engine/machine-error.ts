import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { type ErrorCode, TscomposeError } from '../errors.ts'

interface Shortage {
  readonly code: ErrorCode
  readonly what: string
  readonly fix: string
}

const full: Shortage = {
  code: 'ENGINE_DISK_FULL',
  what: 'the disk is full',
  fix: 'Free space or inodes where the data root is (`tscompose system df` tells what takes it), and repeat the command.',
}
const files: Shortage = {
  code: 'ENGINE_FILES_EXHAUSTED',
  what: 'the engine cannot open another file',
  fix: 'Raise the limit of open files (`ulimit -n`) where the engine is started, or end what is connected to it.',
}

/** What a machine runs out of, by the errno that tells it; errno(3). */
const byErrno: Readonly<Record<string, Shortage>> = {
  ENOSPC: full,
  EDQUOT: full,
  EROFS: {
    code: 'ENGINE_DISK_READ_ONLY',
    what: 'the disk cannot be written to',
    fix: 'Mount the file system of the data root for writing, and repeat the command.',
  },
  EMFILE: files,
  ENFILE: files,
  ENOMEM: {
    code: 'ENGINE_MEMORY_EXHAUSTED',
    what: 'the machine has no memory left',
    fix: 'End something, and repeat the command.',
  },
}

const processes: Shortage = {
  code: 'ENGINE_PROCESSES_EXHAUSTED',
  what: 'the engine cannot start a process',
  fix: 'Raise the limit of processes (`ulimit -u`, or pids.max of the cgroup that the engine is in), or end something.',
}

/** An error of the machine in words that say what to do about it; undefined if it is none of those. */
export function machineError(error: unknown): TscomposeError | undefined {
  if (!(error instanceof Error) || error instanceof TscomposeError) return undefined
  const { code: errno = '', syscall = '', path = '/' } = error as NodeJS.ErrnoException
  // Where the file system cannot be written to, a recursive mkdir() of Node says ENOENT.
  if (errno === 'ENOENT' && syscall === 'mkdir' && isReadOnly(path))
    return machineError(Object.assign(new Error(`EROFS: read-only file system, mkdir '${path}'`), { code: 'EROFS' }))
  // Of calls that make no process it means something else.
  const shortage = errno === 'EAGAIN' && /spawn|clone|fork/.test(syscall) ? processes : byErrno[errno]
  if (!shortage) return undefined
  const { code, what, fix } = shortage
  return new TscomposeError(code, `${what}: ${error.message}`, { fix, cause: error })
}

/** Whether something failed only because of what the machine lacked at the moment, whoever told of it. */
export const isShortage = (error: unknown): boolean =>
  error instanceof Error && (machineError(error) !== undefined || isShortage(error.cause))

function isReadOnly(path: string): boolean {
  let parent = path
  while (!existsSync(parent)) parent = dirname(parent)
  try {
    accessSync(parent, constants.W_OK)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS'
  }
}
