/** Interpreters for the two kinds of BPF that the runtime writes, as far as it uses them: to ask a program, not the kernel. */

export interface SeccompData {
  readonly nr: number
  /** AUDIT_ARCH_* */
  readonly arch: number
  readonly args?: readonly (number | bigint)[]
}

/** Runs a classic BPF program over `struct seccomp_data`. @returns SECCOMP_RET_* with its data */
export function runSeccompFilter(program: Buffer, { nr, arch, args = [] }: SeccompData): number {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(nr >>> 0, 0)
  data.writeUInt32LE(arch >>> 0, 4)
  args.forEach((arg, index) => {
    data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(arg)), 16 + index * 8)
  })
  let a = 0
  const memory: number[] = []
  for (let pc = 0; pc * 8 < program.length; pc++) {
    const code = program.readUInt16LE(pc * 8)
    const jt = program.readUInt8(pc * 8 + 2)
    const jf = program.readUInt8(pc * 8 + 3)
    const k = program.readUInt32LE(pc * 8 + 4)
    const jumps: Record<number, boolean> = { 21: a === k, 37: a > k, 53: a >= k, 69: (a & k) >>> 0 !== 0 }
    if (code === 0x20) a = data.readUInt32LE(k)
    else if (code === 0x06) return k
    else if (code === 0x05) pc += k
    else if (code === 0x54) a = (a & k) >>> 0
    else if (code === 0x02) memory[k] = a
    else if (code === 0x60) a = memory[k] ?? 0
    else if (code in jumps) pc += jumps[code] ? jt : jf
    else throw new Error(`instruction ${code.toString(16)} at ${pc}`)
  }
  throw new Error('the program has no end')
}

export interface DeviceAccess {
  /** BPF_DEVCG_DEV_* */
  readonly type: 'b' | 'c'
  /** Any of `rwm`. */
  readonly access: string
  readonly major: number
  readonly minor: number
}

/** Runs an eBPF program over `struct bpf_cgroup_dev_ctx`. @returns whether the access is allowed */
export function runDeviceProgram(program: Buffer, { type, access, major, minor }: DeviceAccess): boolean {
  const bits = (access.includes('m') ? 1 : 0) | (access.includes('r') ? 2 : 0) | (access.includes('w') ? 4 : 0)
  const context = [(bits << 16) | (type === 'b' ? 1 : 2), major, minor]
  const r = new Array<number>(11).fill(0)
  for (let pc = 0; pc * 8 < program.length; pc++) {
    const code = program.readUInt8(pc * 8)
    const dst = program.readUInt8(pc * 8 + 1) & 15
    const src = program.readUInt8(pc * 8 + 1) >> 4
    const off = program.readInt16LE(pc * 8 + 2)
    const imm = program.readInt32LE(pc * 8 + 4)
    const [to = 0, from = 0] = [r[dst], r[src]]
    if (code === 0x61) r[dst] = context[off / 4] ?? 0
    else if (code === 0xbf) r[dst] = from
    else if (code === 0xb7) r[dst] = imm
    else if (code === 0x57) r[dst] = to & imm
    else if (code === 0x77) r[dst] = to >>> imm
    else if (code === 0x55) pc += to !== imm ? off : 0
    else if (code === 0x15) pc += to === imm ? off : 0
    else if (code === 0x95) return r[0] === 1
    else throw new Error(`instruction ${code.toString(16)} at ${pc}`)
  }
  throw new Error('the program has no end')
}
