import { createHash } from 'node:crypto'
import { release } from 'node:os'
import type { ProcessSpec, SeccompProfile } from '../spec.ts'
import { compileSeccomp } from './compile.ts'
import { defaultSeccompProfile } from './default-profile.ts'
import { profileArch } from './rules.ts'

/** Compiled filters by what they were compiled from; a machine has a handful of them. */
const compiled = new Map<string, Buffer>()

/** The BPF program of a process; undefined where it has no filter. Compiling takes milliseconds, so it is kept. */
export function seccompFilter({
  seccomp,
  capabilities,
}: Pick<ProcessSpec, 'seccomp' | 'capabilities'>): Buffer | undefined {
  if (seccomp === 'unconfined') return undefined
  const key = `${seccomp ? profileKey(seccomp) : 'default'} ${[...capabilities].sort().join(' ')}`
  let filter = compiled.get(key)
  if (!filter) {
    const context = { capabilities, arch: profileArch(process.arch), kernelRelease: release() }
    filter = compileSeccomp(seccomp ?? defaultSeccompProfile, context)
    compiled.set(key, filter)
  }
  return filter
}

const profileKey = (profile: SeccompProfile) => createHash('sha256').update(JSON.stringify(profile)).digest('hex')
