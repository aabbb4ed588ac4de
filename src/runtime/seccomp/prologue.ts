/** Instructions of classic BPF, linux/filter.h: `struct sock_filter`, 8 bytes each. */
interface Instruction {
  readonly code: number
  /** How many instructions to skip if true, and if false. */
  readonly jt: number
  readonly jf: number
  readonly k: number
}
const LD_W_ABS = 0x20
const JEQ = 0x15
const JGT = 0x25
const JGE = 0x35
const RET = 0x06
const statement = (code: number, k: number): Instruction => ({ code, jt: 0, jf: 0, k })
const jump = (code: number, k: number, jt: number, jf: number): Instruction => ({ code, jt, jf, k })

// struct seccomp_data, seccomp(2)
const NR = 0
const ARCH = 4
// The numbers of x32 calls have this bit.
const X32_BIT = 0x40000000

export interface Prologue {
  /** AUDIT_ARCH_* of each architecture the filter is for. */
  readonly auditArches: readonly number[]
  /** What to return for calls that libseccomp cannot express, by number. */
  readonly answers: readonly { readonly nr: number; readonly action: number }[]
  /** What calls of x32 get if it is not among the architectures; they come with the AUDIT_ARCH of x86_64. */
  readonly x32?: number
  /** Numbers above this one get `action`: calls that were invented after the profile was written. */
  readonly beyond?: { readonly nr: number; readonly action: number }
}

/** BPF that answers a few calls by number and lets all others run on into the filter that follows it. */
export function compilePrologue({ auditArches, answers, x32, beyond }: Prologue): Buffer {
  const tail: Instruction[] = []
  if (beyond) tail.push(jump(JGT, beyond.nr, 0, 1), statement(RET, beyond.action))
  for (const { nr, action } of answers) tail.push(jump(JEQ, nr, 0, 1), statement(RET, action))
  if (tail.length === 0 && x32 === undefined) return Buffer.alloc(0)

  const checks =
    x32 === undefined
      ? [statement(LD_W_ABS, NR), jump(JGE, X32_BIT, tail.length, 0)]
      : [statement(LD_W_ABS, NR), jump(JGE, X32_BIT, 0, 1), statement(RET, x32)]
  const known = auditArches.map((arch, index) => {
    const last = index === auditArches.length - 1
    return jump(JEQ, arch, auditArches.length - 1 - index, last ? checks.length + tail.length : 0)
  })
  return encode([statement(LD_W_ABS, ARCH), ...known, ...checks, ...tail])
}

function encode(instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8)
  for (const [index, { code, jt, jf, k }] of instructions.entries()) {
    if (jt > 255 || jf > 255) throw new RangeError('a seccomp profile names too many calls that libseccomp lacks')
    bytes.writeUInt16LE(code, index * 8)
    bytes.writeUInt8(jt, index * 8 + 2)
    bytes.writeUInt8(jf, index * 8 + 3)
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4)
  }
  return bytes
}
