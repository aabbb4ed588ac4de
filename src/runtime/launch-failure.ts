import { constants } from 'node:os'
import { type ErrorCode, TscomposeError } from '../errors.ts'
import { describeErrno, errnoName } from '../sys/errno.ts'
import { SystemError } from '../sys/kernel.ts'
import type { ExecStep, Program, Step } from './program.ts'
import { exitCodeOf, type MonitorEvent } from './protocol.ts'

/** What the monitor itself could not do, by the SETUP_ numbers of native/program.h. */
const setupWords = new Map([
  [0xfffffff1, 'read the launch program'],
  [0xfffffff2, 'listen on monitor.sock in the run directory'],
  [0xfffffff3, 'open the log in the state directory'],
  [0xfffffff4, 'open pipes to the process'],
  [0xfffffff5, 'make namespaces'],
])

/** The failure of a launch in words: the step of the program, and errno or the signal that ended it. */
export function launchFailure(program: Program, failed: Extract<MonitorEvent, { type: 'failed' }>): TscomposeError {
  const { step: index, errno, status } = failed
  const step = program.steps[index]
  if (step?.op === 'exec' && errno !== 0) return execFailure(step, errno)
  const what = step ? describeStep(step) : (setupWords.get(index) ?? `step ${index}`)
  const why = errno === 0 ? describeStatus(status) : describeErrno(errno)
  const cause = errno === 0 ? undefined : new SystemError(syscallOf(step), errno)
  return new TscomposeError('RUNTIME_LAUNCH_FAILED', `${what}: ${why}`, { cause })
}

function describeStep(step: Step): string {
  if (step.op === 'call') return step.words
  if (step.op === 'clone') return step.parent === 'init' ? 'start the main process' : 'start the process'
  return `execute ${step.argv[0] ?? step.candidates[0]}`
}

function syscallOf(step: Step | undefined): string {
  if (!step) return 'monitor'
  return { call: step.op === 'call' ? step.name : '', clone: 'clone3', exec: 'execve' }[step.op]
}

const notFound = new Set(['ENOENT', 'ENOTDIR'])

function execFailure({ argv, candidates }: ExecStep, errno: number): TscomposeError {
  const name = argv[0] ?? candidates[0] ?? ''
  const searched = !name.includes('/')
  // The words of these are Docker's: its client makes the exit codes 127 and 126 of them.
  const [code, what]: [ErrorCode, string] = notFound.has(errnoName(errno))
    ? ['RUNTIME_COMMAND_NOT_FOUND', searched ? 'executable file not found in $PATH' : describeErrno(errno)]
    : ['RUNTIME_COMMAND_NOT_EXECUTABLE', describeErrno(errno)]
  return new TscomposeError(code, `cannot execute "${name}": ${what}`, {
    cause: new SystemError('execve', errno, name),
  })
}

/** A status of wait(2) where none was expected: `was killed by SIGSYS`. */
export function describeStatus(status: number): string {
  const code = exitCodeOf(status) // init says in its exit code which signal killed the main process
  if (code <= 128) return `ended early with exit code ${code}`
  const signal = code - 128
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0]
  return `was killed by ${name ?? `signal ${signal}`}`
}
