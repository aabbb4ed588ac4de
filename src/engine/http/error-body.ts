import { type ErrorCode, errorCodes, messageOf, TscomposeError, type Where } from '../../errors.ts'
import { machineError } from '../machine-error.ts'
import { defined } from './query.ts'
import { statusOf } from './status.ts'

/** The body of an answer with an error: `message` is Docker's, the rest is ours, and lets the error arrive whole. */
export interface ErrorBody {
  readonly message: string
  readonly code?: string
  readonly fix?: string
  readonly where?: Where
}

/** Where the body goes in the answer to a HEAD, which has none: in base64. */
export const ERROR_HEADER = 'x-tscompose-error'

export function encodeError(error: unknown): ErrorBody {
  // What failed first counts, not the clean-up that failed thereafter.
  if (error instanceof SuppressedError) return encodeError(error.suppressed)
  if (error instanceof AggregateError) {
    const bodies = error.errors.map(encodeError)
    return { ...bodies[0], message: bodies.map(({ message }) => message).join('; ') || error.message }
  }
  const told = error instanceof TscomposeError ? error : machineError(error)
  if (!told) return { message: messageOf(error), code: 'ENGINE_FAILED' }
  const { message, code, fix, where } = told
  return { message, code, ...defined({ fix, where }) }
}

/** The HTTP status for {@link encodeError}. */
export function statusOfError(error: unknown): number {
  const { code } = encodeError(error)
  return isKnown(code) ? statusOf(code) : 500
}

const isKnown = (code: string | undefined): code is ErrorCode => code !== undefined && code in errorCodes

export function decodeError({ message, code, fix, where }: ErrorBody): TscomposeError {
  return new TscomposeError(isKnown(code) ? code : 'ENGINE_FAILED', message, defined({ fix, where }))
}
