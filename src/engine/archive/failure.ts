import { messageOf, TscomposeError } from '../../errors.ts'
import { KindConflict } from '../../image/unpack/layer-writer.ts'
import { TarError } from '../../image/unpack/tar-entry.ts'
import type { FailureReason } from './protocol.ts'

/** Something that a container's files are not fit for. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly reason: FailureReason

  constructor(reason: FailureReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** Why a job failed, in a form that crosses from one process to the other. */
export function failureOf(error: unknown): { reason: FailureReason; message: string } {
  return { reason: reasonOf(error), message: messageOf(error) }
}

function reasonOf(error: unknown): FailureReason {
  if (error instanceof RefusedError) return error.reason
  if (error instanceof KindConflict) return 'unfit'
  if (error instanceof TarError) return 'archive'
  if (error instanceof TscomposeError || !(error instanceof Error)) return 'other'
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'missing'
  if (code === 'ENOTDIR' || code === 'ELOOP') return 'unfit'
  if (code === 'EROFS') return 'readonly'
  return syscall === undefined ? 'archive' : 'other' // what is no fault of the kernel comes from gzip or zstd
}
