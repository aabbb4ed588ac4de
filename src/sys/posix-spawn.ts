import { closeSync } from 'node:fs'
import { F } from './constants.ts'
import { addressOf, foreign } from './ffi.ts'
import { linux, SystemError } from './kernel.ts'
import { foreignInPool } from './pool.ts'

export interface Spawn {
  readonly path: string
  readonly argv: readonly string[]
  readonly env: readonly string[]
  /** Descriptors of this process and the numbers, below 100, under which the new one finds them. */
  readonly descriptors: readonly (readonly [from: number, to: number])[]
}

/**
 * posix_spawn(3): glibc and musl make the child with CLONE_VM and CLONE_VFORK, so the memory of this process is not
 * copied, as large as it is. The thread that calls it stands still until the child executes its program, so it is one of
 * libuv's. The child is no child of libuv's: the caller waits for it. It inherits every descriptor that is not
 * close-on-exec; those that it is given are to stay open until this resolves.
 * @returns its pid
 * @throws SystemError
 */
export async function posixSpawn({ path, argv, env, descriptors }: Spawn): Promise<number> {
  using copies = new DisposableStack()
  const memory = layOut(path, argv, env)
  fileActionsInit(memory.fileActions)
  copies.defer(() => fileActionsDestroy(memory.fileActions))
  const targets = new Set(descriptors.map(([, to]) => to))
  for (const [from, to] of descriptors) {
    // A source whose number is another's target would be overwritten before its own turn comes.
    const source = targets.has(from) ? copyAboveTargets(from, copies) : from
    fileActionsAddDup2(memory.fileActions, source, to)
  }
  const { value } = await spawn(memory.pid, memory.path, memory.fileActions, 0, memory.argv, memory.env)
  if (value !== 0) throw new SystemError('posix_spawn', value, path)
  return memory.bytes.readInt32LE(PID_AT)
}

const spawn = foreignInPool('c', 'posix_spawn', 6)
const fileActionsInit = foreign('c', 'posix_spawn_file_actions_init', 1)
const fileActionsAddDup2 = foreign('c', 'posix_spawn_file_actions_adddup2', 3)
const fileActionsDestroy = foreign('c', 'posix_spawn_file_actions_destroy', 1)

const ABOVE_TARGETS = 100

function copyAboveTargets(fd: number, copies: DisposableStack): number {
  const copy = linux.fcntl(fd, F.DUPFD_CLOEXEC, ABOVE_TARGETS)
  copies.defer(() => closeSync(copy))
  return copy
}

// posix_spawn_file_actions_t is opaque; glibc and musl need less than this.
const FILE_ACTIONS_SIZE = 256
const PID_AT = FILE_ACTIONS_SIZE
const POINTERS_AT = PID_AT + 8

/** What the pointers of the call point to, in one buffer, and the addresses. */
function layOut(path: string, argv: readonly string[], env: readonly string[]) {
  const strings = [path, ...argv, ...env].map(text => Buffer.from(`${text}\0`))
  const pointers = argv.length + 1 + env.length + 1
  const stringsAt = POINTERS_AT + pointers * 8
  const bytes = Buffer.concat([Buffer.alloc(stringsAt), ...strings])
  const start = addressOf(bytes)
  let at = start + stringsAt
  const addresses: number[] = []
  for (const { length } of strings) {
    addresses.push(at)
    at += length
  }
  const [pathAddress = 0, ...others] = addresses
  const words = [...others.slice(0, argv.length), 0, ...others.slice(argv.length), 0]
  words.forEach((word, index) => {
    bytes.writeBigUInt64LE(BigInt(word), POINTERS_AT + index * 8)
  })
  return {
    bytes,
    fileActions: start,
    pid: start + PID_AT,
    path: pathAddress,
    argv: start + POINTERS_AT,
    env: start + POINTERS_AT + (argv.length + 1) * 8,
  }
}
