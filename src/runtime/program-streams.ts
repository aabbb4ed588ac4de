import { AT, LAST_FD, O, RESOLVE, SCM_RIGHTS, SOL_SOCKET, TIOC } from '../sys/constants.ts'
import { descriptor, type ProgramBuilder, type Result } from './program.ts'
import { openHow } from './rootfs/root-files.ts'

/** Puts the pipes to the monitor on 0, 1 and 2; without `stdin` 0 is /dev/null. After the mounts. */
export function standardStreams(program: ProgramBuilder, { stdin }: { stdin: boolean }): void {
  // Of the container: that of the host, which is on 0 so far, could be chmoded through /proc/self/fd/0.
  const input = stdin ? descriptor.stdin : openNull(program)
  program.call('dup3', [input, 0, 0], { words: 'set up standard input' })
  program.call('dup3', [descriptor.stdout, 1, 0], { words: 'set up standard output' })
  program.call('dup3', [descriptor.stderr, 2, 0], { words: 'set up standard error' })
}

/**
 * What stands there may be the container's choice: with the host's processes in view a magic link of procfs leads out,
 * and a FIFO would have us wait for somebody who writes.
 */
function openNull(program: ProgramBuilder): Result {
  const how = openHow(O.RDONLY | O.NONBLOCK | O.NOCTTY | O.CLOEXEC, RESOLVE.NO_MAGICLINKS)
  return program.call('openat2', [AT.FDCWD, '/dev/null', how, how.length], { words: 'open /dev/null' })
}

export interface TerminalOptions {
  readonly height: number
  readonly width: number
  readonly uid: number
  /** Where the devpts of the container is; /dev/pts/ptmx. */
  readonly ptmx?: string
}

/**
 * Opens a pseudo-terminal of the container's own devpts, hands its master to the monitor, and puts the slave on 0, 1
 * and 2. After the mounts, before the credentials are given up.
 * @returns the descriptor of the slave, to be mounted over /dev/console
 */
export function openTerminal(
  program: ProgramBuilder,
  { height, width, uid, ptmx = '/dev/pts/ptmx' }: TerminalOptions,
): Result {
  const master = program.call('openat', [AT.FDCWD, ptmx, O.RDWR | O.NOCTTY | O.CLOEXEC, 0], {
    words: `open ${ptmx}`,
  })
  program.call('ioctl', [master, TIOC.SPTLCK, new Uint8Array(4)], { words: 'unlock the terminal' })
  // By the master's descriptor, not by name: what stands at /dev/pts/0 could be anything.
  const slave = program.call('ioctl', [master, TIOC.GPTPEER, O.RDWR | O.NOCTTY | O.CLOEXEC], {
    words: 'open the terminal',
  })
  const winsize = new Uint8Array(new Uint16Array([height, width, 0, 0]).buffer)
  program.call('ioctl', [slave, TIOC.SWINSZ, winsize], { words: 'set the size of the terminal' })
  program.call('fchownat', [slave, '', uid, -1, AT.EMPTY_PATH], { words: `give the terminal to uid ${uid}` })
  sendMaster(program, master)
  for (const fd of [0, 1, 2]) program.call('dup3', [slave, fd, 0], { words: 'set up the standard streams' })
  return slave
}

function sendMaster(program: ProgramBuilder, master: Result): void {
  // A control message holds a number, not an operand, so the master needs one that is known now.
  const number = descriptor.terminal + 1
  program.call('dup3', [master, number, O.CLOEXEC], { words: 'name the terminal' })
  const cmsg = Buffer.alloc(24) // struct cmsghdr and one descriptor, cmsg(3)
  cmsg.writeBigUInt64LE(20n, 0)
  cmsg.writeInt32LE(SOL_SOCKET, 8)
  cmsg.writeInt32LE(SCM_RIGHTS, 12)
  cmsg.writeInt32LE(number, 16)
  const iov = { words: ['t', 1] }
  const msghdr = { words: [null, 0, iov, 1, cmsg, cmsg.length, 0] }
  program.call('sendmsg', [descriptor.terminal, msghdr, 0], { words: 'hand the terminal to its monitor' })
}

/** Makes the process a session leader, and the terminal on 0 its controlling one. After `clone(0, 'init')`. */
export function newSession(program: ProgramBuilder, { terminal }: { terminal: boolean }): void {
  program.call('setsid', [], { words: 'start a session' })
  if (terminal) program.call('ioctl', [0, TIOC.SCTTY, 0], { words: 'take the controlling terminal' })
}

/** Closes all but 0, 1, 2, what the interpreter needs, and one that leads to no directory. Before a directory that the user chose is made or entered. */
export function closeDescriptors(program: ProgramBuilder, kept: number | undefined = undefined): void {
  const words = 'close descriptors'
  program.call('close_range', [3, descriptor.status - 1, 0], { words })
  if (kept !== undefined) program.call('close_range', [descriptor.status + 1, kept - 1, 0], { words })
  program.call('close_range', [(kept ?? descriptor.status) + 1, LAST_FD, 0], { words })
}
