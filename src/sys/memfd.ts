import { closeSync, writeSync } from 'node:fs'
import { F, F_SEAL, MFD } from './constants.ts'
import { linux, SystemError } from './kernel.ts'

/** A file without a name, memfd_create(2). @returns its descriptor, close-on-exec */
export const memfd = (name: string, flags: number = 0): number => linux.memfd_create(name, MFD.CLOEXEC | flags)

export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written)
}

/** A program that nobody can ever change, whoever gets hold of its /proc/PID/exe (CVE-2019-5736). */
export function sealedProgram(name: string, bytes: Uint8Array): number {
  const fd = executableMemfd(name)
  try {
    writeAll(fd, bytes)
    linux.fcntl(fd, F.ADD_SEALS, F_SEAL.WRITE | F_SEAL.SHRINK | F_SEAL.GROW | F_SEAL.SEAL)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return fd
}

function executableMemfd(name: string): number {
  try {
    return memfd(name, MFD.ALLOW_SEALING | MFD.EXEC)
  } catch (error) {
    // Before Linux 6.3 there is no MFD_EXEC, and every memfd can be executed.
    if (error instanceof SystemError && error.code === 'EINVAL') return memfd(name, MFD.ALLOW_SEALING)
    throw error
  }
}
