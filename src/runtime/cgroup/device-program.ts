import { closeSync } from 'node:fs'
import { addressOf } from '../../sys/ffi.ts'
import { linux } from '../../sys/kernel.ts'
import type { DeviceRule } from '../spec.ts'

/**
 * Device rules as a program of eBPF, the way cgroups v2 has them: BPF_PROG_TYPE_CGROUP_DEVICE, which is asked at each
 * mknod and open of a device node and answers 1 (allowed) or 0. Instructions: kernel documentation, bpf/standardization.
 */
interface Instruction {
  readonly code: number
  readonly dst: number
  readonly src?: number
  /** For a load: offset in the source; for a jump: instructions to skip. */
  readonly off?: number
  readonly imm?: number
}
const LDX_W = 0x61
const MOV_X = 0xbf
const MOV_K = 0xb7
const AND_K = 0x57
const RSH_K = 0x77
const JNE_K = 0x55
const JEQ_K = 0x15
const EXIT = 0x95

// Registers: r1 is the context, `struct bpf_cgroup_dev_ctx`; r2 the type, r3 the access, r4 and r5 the numbers.
const type = 2
const access = 3
const major = 4
const minor = 5
const scratch = 6

// BPF_DEVCG_*, linux/bpf.h
const types = { b: 1, c: 2 }
const accesses: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 }
const allAccesses = 7

/** One program for all rules. The last that matches decides, so they are asked in reverse; without a match: denied. */
export function compileDeviceProgram(rules: readonly DeviceRule[]): Buffer {
  const prelude: Instruction[] = [
    { code: LDX_W, dst: type, src: 1, off: 0 },
    { code: MOV_X, dst: access, src: type },
    { code: AND_K, dst: type, imm: 0xffff },
    { code: RSH_K, dst: access, imm: 16 },
    { code: LDX_W, dst: major, src: 1, off: 4 },
    { code: LDX_W, dst: minor, src: 1, off: 8 },
  ]
  // What stands before a rule for everything is never asked, and the kernel refuses code that cannot be reached.
  const everything = rules.findLastIndex(({ type }) => type === 'a')
  const asked = rules.slice(everything + 1).toReversed()
  const otherwise = rules[everything]?.allow ?? false
  return encode([...prelude, ...asked.flatMap(ruleInstructions), ...answer(otherwise)])
}

const answer = (allowed: boolean): readonly Instruction[] => [
  { code: MOV_K, dst: 0, imm: allowed ? 1 : 0 },
  { code: EXIT, dst: 0 },
]

function ruleInstructions(rule: DeviceRule): readonly Instruction[] {
  const mask = [...rule.access].reduce((bits, letter) => bits | (accesses[letter] ?? 0), 0)
  const tests: Instruction[] = [{ code: JNE_K, dst: type, imm: types[rule.type === 'b' ? 'b' : 'c'] }]
  if (mask !== allAccesses) {
    tests.push({ code: MOV_X, dst: scratch, src: access })
    // An allowing rule must allow all of what is asked for; a denying one denies any of it.
    if (rule.allow)
      tests.push({ code: AND_K, dst: scratch, imm: ~mask & allAccesses }, { code: JNE_K, dst: scratch, imm: 0 })
    else tests.push({ code: AND_K, dst: scratch, imm: mask }, { code: JEQ_K, dst: scratch, imm: 0 })
  }
  if (rule.major >= 0) tests.push({ code: JNE_K, dst: major, imm: rule.major })
  if (rule.minor >= 0) tests.push({ code: JNE_K, dst: minor, imm: rule.minor })
  const all = [...tests, ...answer(rule.allow)]
  const isJump = ({ code }: Instruction) => code === JNE_K || code === JEQ_K
  return all.map((instruction, index) =>
    isJump(instruction) ? { ...instruction, off: all.length - index - 1 } : instruction,
  )
}

function encode(instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8)
  for (const [index, { code, dst, src = 0, off = 0, imm = 0 }] of instructions.entries()) {
    bytes.writeUInt8(code, index * 8)
    bytes.writeUInt8(dst | (src << 4), index * 8 + 1)
    bytes.writeInt16LE(off, index * 8 + 2)
    bytes.writeInt32LE(imm, index * 8 + 4)
  }
  return bytes
}

const BPF_PROG_LOAD = 5
const BPF_PROG_ATTACH = 8
const BPF_PROG_TYPE_CGROUP_DEVICE = 15
const BPF_CGROUP_DEVICE = 6
// The container's own nested cgroups may add programs; all of them must agree then.
const BPF_F_ALLOW_MULTI = 2
const ATTR_SIZE = 72 // union bpf_attr, as far as it is used
const LICENSE = Buffer.from('MIT\0\0\0\0\0') // eight bytes, so that the instructions are aligned

/** Puts the rules in force for a cgroup, bpf(2). The kernel keeps the program for as long as the cgroup exists. */
export function attachDeviceProgram(cgroupFd: number, rules: readonly DeviceRule[]): void {
  const instructions = compileDeviceProgram(rules)
  // One buffer for the attributes and for what they point to, so that all of it stays until the call is over.
  const load = Buffer.alloc(ATTR_SIZE + LICENSE.length + instructions.length)
  const address = addressOf(load)
  load.set(LICENSE, ATTR_SIZE)
  load.set(instructions, ATTR_SIZE + LICENSE.length)
  load.writeUInt32LE(BPF_PROG_TYPE_CGROUP_DEVICE, 0)
  load.writeUInt32LE(instructions.length / 8, 4)
  load.writeBigUInt64LE(BigInt(address + ATTR_SIZE + LICENSE.length), 8)
  load.writeBigUInt64LE(BigInt(address + ATTR_SIZE), 16)
  load.writeUInt32LE(BPF_CGROUP_DEVICE, 68) // expected_attach_type
  const programFd = linux.bpf(BPF_PROG_LOAD, load, ATTR_SIZE)
  try {
    const attach = Buffer.alloc(16)
    attach.writeUInt32LE(cgroupFd, 0)
    attach.writeUInt32LE(programFd, 4)
    attach.writeUInt32LE(BPF_CGROUP_DEVICE, 8)
    attach.writeUInt32LE(BPF_F_ALLOW_MULTI, 12)
    linux.bpf(BPF_PROG_ATTACH, attach, attach.length)
  } finally {
    closeSync(programFd)
  }
}
