import { TscomposeError } from '../errors.ts'
import type { ErrnoName } from '../sys/errno.ts'
import { linux, SystemError } from '../sys/kernel.ts'
import type { Operand, Program } from './program.ts'

/**
 * Carries out the system calls of a program in this thread, where nothing is cloned and nothing executed: for a process
 * of our own that is to see what a container sees.
 * @throws TscomposeError RUNTIME_VIEW_FAILED naming the step
 */
export function perform({ steps }: Program): void {
  const results: number[] = []
  for (const step of steps) {
    if (step.op !== 'call') throw new TypeError(`a program with ${step.op} needs a monitor`)
    const { name, args, words, tolerate } = step
    try {
      const call = linux[name] as (...args: Value[]) => number
      results.push(call(...args.map(arg => resolve(arg, results))))
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      if (!tolerate.includes(error.code as ErrnoName))
        throw new TscomposeError('RUNTIME_VIEW_FAILED', `${words}: ${error.message}`, { cause: error })
      results.push(-error.errno)
    }
  }
}

type Value = number | bigint | string | Uint8Array | null

function resolve(operand: Operand, results: readonly number[]): Value {
  if (typeof operand !== 'object' || operand === null || operand instanceof Uint8Array) return operand
  if ('words' in operand) throw new TypeError('words with pointers need a monitor')
  return results[operand.resultOf] ?? -1
}
