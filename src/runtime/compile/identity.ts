import { PR, PR_CAP_AMBIENT, SECCOMP } from '../../sys/constants.ts'
import { capabilityMask } from '../capabilities.ts'
import type { ProgramBuilder } from '../program.ts'
import type { ProcessSpec } from '../spec.ts'
import type { ProcessFacts } from './facts.ts'

/**
 * Gives up rights, for good. The order is forced: loading a filter needs CAP_SYS_ADMIN unless no_new_privs is set, so
 * without that it is loaded first, and with it last, when there is nothing left to do that the filter might forbid.
 */
export function takeIdentity(program: ProgramBuilder, process: ProcessSpec, facts: ProcessFacts): void {
  const { seccomp, lastCapability } = facts
  if (process.noNewPrivileges) {
    program.call('prctl', [PR.SET_NO_NEW_PRIVS, 1, 0, 0, 0], { words: 'set no_new_privs' })
    dropRights(program, process, lastCapability)
    if (seccomp) loadFilter(program, seccomp)
  } else {
    if (seccomp) loadFilter(program, seccomp)
    dropRights(program, process, lastCapability)
  }
}

function dropRights(program: ProgramBuilder, { user, capabilities }: ProcessSpec, lastCapability: number): void {
  const kept = capabilityMask(capabilities)
  for (let number = 0; number <= lastCapability; number++)
    if (!((kept >> BigInt(number)) & 1n))
      program.call('prctl', [PR.CAPBSET_DROP, number, 0, 0, 0], { words: `drop capability ${number}` })
  program.call('prctl', [PR.CAP_AMBIENT, PR_CAP_AMBIENT.CLEAR_ALL, 0, 0, 0], { words: 'clear ambient capabilities' })

  const groups = new Uint8Array(Uint32Array.from(user.additionalGids).buffer)
  program.call('setgroups', [user.additionalGids.length, groups], { words: 'set the groups' })
  program.call('setresgid', [user.gid, user.gid, user.gid], { words: `become gid ${user.gid}` })
  program.call('setresuid', [user.uid, user.uid, user.uid], { words: `become uid ${user.uid}` })
  // Root has what it was given; any other user has nothing until it executes a file that gives it something.
  const [header, data] = capsetOperands(user.uid === 0 ? kept : 0n)
  program.call('capset', [header, data], { words: 'set the capabilities' })
}

/** `cap_user_header_t` and two `cap_user_data_t`, capget(2): effective and permitted are `mask`, inheritable none. */
function capsetOperands(mask: bigint): readonly [Buffer, Buffer] {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(0x20080522) // _LINUX_CAPABILITY_VERSION_3
  const low = Number(mask & 0xffff_ffffn)
  const high = Number(mask >> 32n)
  return [header, Buffer.from(Uint32Array.from([low, low, 0, high, high, 0]).buffer)]
}

function loadFilter(program: ProgramBuilder, filter: Uint8Array): void {
  // struct sock_fprog: the number of instructions, of 8 bytes each, and a pointer to them.
  const fprog = { words: [filter.length / 8, filter] }
  program.call('seccomp', [SECCOMP.SET_MODE_FILTER, 0, fprog], { words: 'load the seccomp filter' })
}
