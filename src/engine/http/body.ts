import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { invalid } from '../failures.ts'
import type { Parser } from './shapes.ts'

/** The largest JSON body, in bytes: a container with thousands of labels and variables stays far below. */
const LIMIT = 4 * 2 ** 20

/** @throws TscomposeError ENGINE_REQUEST_INVALID for a body over 4 MiB */
export async function readBody(request: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    // The rest is read and forgotten: a client that is still sending would not see the answer.
    if (size <= LIMIT) chunks.push(chunk)
  }
  refuseLarge(size)
  return Buffer.concat(chunks)
}

/** Reads exactly the next `size` bytes of a connection, and leaves what comes after them in it. */
export async function readBodyOf(connection: Readable, size: number): Promise<Buffer> {
  refuseLarge(size)
  if (size === 0) return Buffer.alloc(0)
  for (;;) {
    const body: Buffer | null = connection.read(size)
    if (body?.length === size) return body
    if (body || connection.readableEnded || connection.destroyed) throw invalid('the request ended within its body')
    const { promise: more, resolve } = Promise.withResolvers<void>()
    for (const event of ['readable', 'end', 'close']) connection.once(event, resolve)
    await more
    for (const event of ['readable', 'end', 'close']) connection.off(event, resolve)
  }
}

function refuseLarge(size: number): void {
  if (size > LIMIT) throw invalid(`the request body is larger than ${LIMIT} bytes`)
}

/** For endpoints whose body may be left out. */
export const hasBody = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** @throws TscomposeError ENGINE_REQUEST_INVALID in dockerd's words, or naming the field that is wrong */
export function parseBody<T>(body: Buffer, headers: IncomingHttpHeaders, parse: Parser<T>): T {
  if (body.length === 0) throw invalid('invalid JSON: got EOF while reading request body')
  const type = headers['content-type'] ?? ''
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json')
    throw invalid(`unsupported Content-Type header (${type}): must be 'application/json'`)
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch (error) {
    throw invalid(`invalid JSON: ${(error as Error).message}`)
  }
  try {
    return parse(value, '')
  } catch (error) {
    // Too deep for whoever looks at it, and no request is.
    throw error instanceof RangeError ? invalid(`invalid JSON: ${error.message}`) : error
  }
}
