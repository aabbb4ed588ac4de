import { closeSync, readSync } from 'node:fs'
import { TscomposeError } from '../../errors.ts'
import { addressOf, type Foreign, foreign, openLibrary } from '../../sys/ffi.ts'
import { linux } from '../../sys/kernel.ts'
import type { SeccompProfile } from '../spec.ts'
import { compilePrologue } from './prologue.ts'
import { recentSyscallNumber } from './recent-syscalls.ts'
import {
  architecturesOf,
  defaultActionOf,
  type FlatRule,
  flatRules,
  type SeccompAction,
  type SeccompContext,
} from './rules.ts'

/** seccomp_init(3) */
const actionCodes: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
}
const compareCodes: Readonly<Record<string, number>> = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
}
const SCMP_FLTATR_CTL_NNP = 3
const SCMP_FLTATR_CTL_OPTIMIZE = 8
const ARCH_X32 = 0x4000003e
const ENOSYS = 38
const EEXIST = 17

/** The few functions of libseccomp that are needed, by their names; opened with the first filter. */
const library = () => {
  openLibrary('seccomp', ['libseccomp.so.2'], 'libseccomp2')
  const call = (name: string, arity: number): Foreign => foreign('seccomp', name, arity)
  return {
    init: call('seccomp_init', 1),
    release: call('seccomp_release', 1),
    attrSet: call('seccomp_attr_set', 3),
    archAdd: call('seccomp_arch_add', 2),
    archResolveName: call('seccomp_arch_resolve_name', 1),
    syscallResolveName: call('seccomp_syscall_resolve_name', 1),
    ruleAddArray: call('seccomp_rule_add_array', 5),
    exportBpf: call('seccomp_export_bpf', 2),
  }
}
// What the library is given pointers to; it copies everything.
const scratch = Buffer.allocUnsafeSlow(4096)
const scratchAddress = addressOf(scratch)
let opened: ReturnType<typeof library> | undefined

/**
 * Compiles a profile to the classic BPF that seccomp(2) takes: an array of `struct sock_filter`. A call of the profile
 * that no table knows is left to the default action, as Docker does.
 * @throws TscomposeError RUNTIME_SECCOMP_INVALID naming the word of the profile that is wrong
 */
export function compileSeccomp(profile: SeccompProfile, context: SeccompContext): Buffer {
  opened ??= library()
  const seccomp = opened
  const defaultAction = defaultActionOf(profile)
  const filter = seccomp.init(actionCode(defaultAction)).value
  if (filter === 0) throw invalid('libseccomp refuses the default action')
  try {
    const arches = architecturesOf(profile, context.arch).map(name => {
      const token = withString(seccomp.archResolveName, name.replace('SCMP_ARCH_', '').toLowerCase()) >>> 0
      if (token === 0) throw invalid(`unknown architecture "${name}"`)
      return token
    })
    for (const token of arches) check(seccomp.archAdd(filter, token).value, 'seccomp_arch_add', EEXIST)
    // The runtime sets no_new_privs itself where it is wanted; a filter needs no help from it for CAP_SYS_ADMIN.
    check(seccomp.attrSet(filter, SCMP_FLTATR_CTL_NNP, 0).value, 'seccomp_attr_set')
    // A binary tree instead of a list; libseccomp before 2.5 has none, and does without.
    seccomp.attrSet(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2)

    const answers: { nr: number; action: number }[] = []
    let newest = 0
    for (const rule of flatRules(profile, context)) {
      const nr = withString(seccomp.syscallResolveName, rule.name) | 0
      if (nr !== -1) {
        newest = Math.max(newest, nr)
        check(addRule(seccomp.ruleAddArray, filter, nr, rule), `seccomp_rule_add ${rule.name}`, EEXIST)
        continue
      }
      const recent = recentSyscallNumber(rule.name, context.arch)
      if (recent === undefined) continue
      newest = Math.max(newest, recent)
      if (rule.args.length === 0) answers.push({ nr: recent, action: actionCode(rule.action) })
    }
    const noSuchCall = actionCode({ action: 'SCMP_ACT_ERRNO', errno: ENOSYS })
    const prologue = compilePrologue({
      auditArches: [nativeAuditArch(context.arch), ...arches],
      answers,
      ...(context.arch === 'amd64' && !arches.includes(ARCH_X32) && { x32: noSuchCall }),
      // Whoever wrote the profile cannot have meant to forbid these; ENOSYS tells a program to do without.
      ...(defaultAction.action === 'SCMP_ACT_ERRNO' && {
        beyond: { nr: newest, action: noSuchCall },
      }),
    })
    return Buffer.concat([prologue, exportBpf(seccomp.exportBpf, filter)])
  } finally {
    seccomp.release(filter)
  }
}

const nativeAuditArch = (arch: string) => (arch === 'arm64' ? 0xc00000b7 : 0xc000003e)

function actionCode({ action, errno }: SeccompAction): number {
  const code = actionCodes[action]
  if (code === undefined) throw invalid(`unknown or unsupported action "${action}"`)
  return action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE' ? code | (errno & 0xffff) : code
}

function addRule(ruleAddArray: Foreign, filter: number, nr: number, { name, action, args }: FlatRule): number {
  // struct scmp_arg_cmp
  for (const [row, { index, op, value, valueTwo }] of args.entries()) {
    const code = compareCodes[op]
    if (code === undefined) throw invalid(`unknown comparison "${op}" for ${name}`)
    scratch.writeUInt32LE(index, row * 24)
    scratch.writeUInt32LE(code, row * 24 + 4)
    scratch.writeBigUInt64LE(BigInt(value), row * 24 + 8)
    scratch.writeBigUInt64LE(BigInt(valueTwo), row * 24 + 16)
  }
  return ruleAddArray(filter, actionCode(action), nr, args.length, scratchAddress).value
}

function exportBpf(seccompExportBpf: Foreign, filter: number): Buffer {
  const fd = linux.memfd_create('seccomp', 1) // MFD_CLOEXEC
  try {
    check(seccompExportBpf(filter, fd).value, 'seccomp_export_bpf')
    const bytes = Buffer.alloc(4096 * 8) // BPF_MAXINSNS
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(fd)
  }
}

function withString(call: Foreign, text: string): number {
  scratch[scratch.write(text, 0, scratch.length - 1)] = 0
  return call(scratchAddress).value
}

/** libseccomp returns negative errnos, as 32-bit numbers. */
function check(returned: number, what: string, tolerated = 0): void {
  const errno = -(returned | 0)
  if (errno > 0 && errno !== tolerated) throw invalid(`${what} fails with errno ${errno}`)
}

const invalid = (what: string) => new TscomposeError('RUNTIME_SECCOMP_INVALID', `seccomp profile: ${what}`)
