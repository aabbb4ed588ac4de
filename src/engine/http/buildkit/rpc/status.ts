import { messageOf, TscomposeError } from '../../../../errors.ts'
import { encodeError } from '../../error-body.ts'
import { rpcStatus } from '../messages/bridge.ts'
import { ProtobufError } from './protobuf.ts'

/** How a call can end (grpc, statuscodes.md). */
export const grpcCodes = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const

/** What a client of BuildKit knows how to show besides the message, in JSON. */
export interface ErrorDetail {
  readonly type: string
  readonly value: object
}

/** The end of a call that failed, ours or the other side's. */
export class GrpcError extends Error {
  readonly code: number
  readonly details: readonly ErrorDetail[]
  constructor(code: number, message: string, details: readonly ErrorDetail[] = []) {
    super(message)
    this.code = code
    this.details = details
  }
}

/** What the other side is told of an error. */
export function toGrpcError(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error
  if (error instanceof ProtobufError) return new GrpcError(grpcCodes.INVALID_ARGUMENT, error.message)
  if (error instanceof Error && error.name === 'AbortError')
    return new GrpcError(grpcCodes.CANCELLED, 'context canceled')
  if (error instanceof TscomposeError && error.code === 'ENGINE_NOT_SUPPORTED')
    return new GrpcError(grpcCodes.UNIMPLEMENTED, error.message)
  const { message, code, fix, where } = encodeError(error)
  const place = code === 'BUILD_DOCKERFILE_INVALID' && where ? `dockerfile parse error on line ${where.line}: ` : ''
  return new GrpcError(grpcCodes.UNKNOWN, `${place}${message}${fix === undefined ? '' : ` (${fix})`}`)
}

/** The trailers that tell how a call has ended. */
export function encodeTrailers(error?: GrpcError): Record<string, string> {
  if (!error) return { 'grpc-status': '0' }
  const { code, message, details } = error
  const status = rpcStatus.encode({
    code,
    message,
    details: details.map(({ type, value }) => ({ type_url: type, value: Buffer.from(JSON.stringify(value)) })),
  })
  return {
    'grpc-status': String(code),
    'grpc-message': percentEncode(message),
    // As it is a header, it must not become a large one.
    ...(details.length > 0 &&
      status.length < LARGEST_DETAILS && { 'grpc-status-details-bin': status.toString('base64') }),
  }
}
const LARGEST_DETAILS = 48 * 1024

/** @returns undefined for the end of a call that went well */
export function decodeTrailers(headers: Readonly<Record<string, unknown>>): GrpcError | undefined {
  const status = headers['grpc-status']
  if (status === '0' || status === 0) return undefined
  if (status === undefined) return new GrpcError(grpcCodes.UNAVAILABLE, 'the call was not answered')
  const code = Number(status)
  return new GrpcError(Number.isInteger(code) ? code : grpcCodes.UNKNOWN, percentDecode(headers['grpc-message']))
}

const percentEncode = (text: string): string =>
  [...Buffer.from(text.slice(0, LONGEST_MESSAGE))]
    .map(byte => (byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : hex(byte)))
    .join('')
const LONGEST_MESSAGE = 16 * 1024
const hex = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`

function percentDecode(text: unknown): string {
  if (typeof text !== 'string') return 'the call failed'
  try {
    return decodeURIComponent(text)
  } catch (error) {
    return `${text} (${messageOf(error)})`
  }
}
