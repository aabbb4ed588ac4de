import { ExpansionError } from './decompress.ts'
import type { FailureCode } from './protocol.ts'
import { TarError } from './tar-entry.ts'

/** Why a layer could not be unpacked, in a form that crosses from one thread to the other. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

export function failureOf(error: unknown): { code: FailureCode; message: string } {
  if (error instanceof Failure) return { code: error.code, message: error.message }
  if (!(error instanceof Error)) return { code: 'IMAGE_UNPACK_FAILED', message: String(error) }
  if (error instanceof ExpansionError)
    return { code: 'IMAGE_LAYER_TOO_LARGE', message: `the layer is a bomb: ${error.message}` }
  const isSystem = 'syscall' in error // what is no fault of the kernel comes from tar, gzip or zstd
  return {
    code: isSystem && !(error instanceof TarError) ? 'IMAGE_UNPACK_FAILED' : 'IMAGE_LAYER_INVALID',
    message: error.message,
  }
}
