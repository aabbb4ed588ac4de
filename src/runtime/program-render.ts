import { AT, CLONE, MNT, MOVE_MOUNT, MS, O, OPEN_TREE, PR, TIOC } from '../sys/constants.ts'
import type { SyscallName } from '../sys/syscalls.ts'
import type { CallStep, Operand, Program, Step } from './program.ts'

type Constants = Readonly<Record<string, number>>
interface Meaning {
  readonly prefix: string
  readonly names: Constants
  /** True: the operand is one of the constants; false: it is a set of bits. */
  readonly single?: boolean
}

const at: Meaning = { prefix: 'AT_', names: { FDCWD: AT.FDCWD }, single: true }
const open: Meaning = { prefix: 'O_', names: O }
const atFlags: Meaning = { prefix: 'AT_', names: { ...AT, FDCWD: 0 } }
const clone: Meaning = { prefix: 'CLONE_', names: CLONE }
const mode = 'octal'

/** Which operands are constants with names, by their position; the others are printed as numbers. */
const meanings: { readonly [Name in SyscallName]?: Readonly<Record<number, Meaning | typeof mode>> } = {
  dup3: { 2: open },
  fchmod: { 1: mode },
  fchmodat: { 0: at, 2: mode },
  fchownat: { 0: at, 4: atFlags },
  ioctl: { 1: { prefix: 'TIOC', names: TIOC, single: true } },
  mkdirat: { 0: at, 2: mode },
  mknodat: { 0: at, 2: mode },
  mount: { 3: { prefix: 'MS_', names: MS } },
  mount_setattr: { 0: at, 2: atFlags },
  move_mount: { 0: at, 2: at, 4: { prefix: 'MOVE_MOUNT_', names: MOVE_MOUNT } },
  open_tree: { 0: at, 2: { prefix: 'OPEN_TREE_', names: { ...OPEN_TREE, RECURSIVE: AT.RECURSIVE } } },
  openat: { 0: at, 2: open },
  openat2: { 0: at },
  prctl: { 0: { prefix: 'PR_', names: PR, single: true } },
  setns: { 1: clone },
  symlinkat: { 1: at },
  umask: { 0: mode },
  umount2: { 1: { prefix: 'MNT_', names: MNT } },
  unshare: { 0: clone },
}

/** The program as text, a line a step: its number, the call, and after `#` what it is for. */
export function renderProgram(program: Program): string {
  const used = new Set(program.steps.flatMap(resultsUsed))
  const width = String(program.steps.length).length
  const render = (step: Step, index: number) => {
    const result = used.has(index) ? `$${index} = ` : ''
    return `${String(index).padStart(width)}  ${result}${renderStep(step)}\n`
  }
  return program.steps.map(render).join('')
}

function resultsUsed(step: Step): readonly number[] {
  const operands = step.op === 'call' ? step.args : step.op === 'clone' ? [step.cgroup] : []
  return operands.flatMap(operand =>
    typeof operand === 'object' && operand && 'resultOf' in operand ? [operand.resultOf] : [],
  )
}

function renderStep(step: Step): string {
  switch (step.op) {
    case 'call':
      return renderCall(step)
    case 'clone': {
      const cgroup = step.cgroup === 0 ? '' : `, cgroup ${renderOperand(step.cgroup)}`
      return `clone3(${renderFlags(step.flags, clone)}${cgroup})  # the parent: ${step.parent}`
    }
    case 'exec':
      return `execve(${step.candidates.map(quote).join(' or ')}, [${step.argv.map(quote).join(', ')}], env of ${step.env.length})`
  }
}

function renderCall({ name, args, words, tolerate }: CallStep): string {
  const operands = args.map((arg, position) => {
    const meaning = meanings[name]?.[position]
    if (!meaning || typeof arg !== 'number') return renderOperand(arg)
    return meaning === mode ? `0${arg.toString(8)}` : renderFlags(arg, meaning)
  })
  const remarks = [...(words === name ? [] : [words]), ...(tolerate.length > 0 ? [`or ${tolerate.join(', ')}`] : [])]
  return `${name}(${operands.join(', ')})${remarks.length > 0 ? `  # ${remarks.join('; ')}` : ''}`
}

function renderFlags(value: number, { prefix, names, single }: Meaning): string {
  const all = Object.entries(names)
  if (single) {
    const found = all.find(([, number]) => number === value)
    return found ? prefix + found[0] : String(value)
  }
  const found = all.filter(([, bits]) => bits > 0 && (BigInt(value) & BigInt(bits)) === BigInt(bits))
  const rest = found.reduce((left, [, bits]) => left & ~BigInt(bits), BigInt(value))
  const parts = found.map(([name]) => prefix + name)
  if (rest !== 0n || parts.length === 0) parts.push(rest === 0n ? '0' : `0x${rest.toString(16)}`)
  return parts.join('|')
}

const SHOWN_BYTES = 16

function renderOperand(operand: Operand): string {
  if (operand === null) return 'NULL'
  if (typeof operand === 'string') return quote(operand)
  if (typeof operand !== 'object') return String(operand)
  if ('resultOf' in operand) return `$${operand.resultOf}`
  if ('words' in operand) return `{${operand.words.map(renderOperand).join(', ')}}`
  const bytes = Buffer.from(operand)
  if (bytes.length > SHOWN_BYTES) return `<${bytes.length} bytes>`
  return `<${bytes.toString('hex')}>`
}

const quote = (text: string): string => JSON.stringify(text)
