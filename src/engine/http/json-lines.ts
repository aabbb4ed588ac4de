import { TscomposeError } from '../../errors.ts'
import type { JSONMessage } from '../api.ts'
import { decodeError, type ErrorBody, encodeError } from './error-body.ts'

/** Streams of JSON values, one a line (Engine API, `GET /events` and the progress of `POST /images/create`). */
export const encodeLine = (value: unknown): string => `${JSON.stringify(value)}\r\n`

/** The last line of a stream that failed after its header: `errorDetail` is Docker's, `code` and `fix` are ours. */
export function encodeFailure(error: unknown): string {
  const { message, ...more } = encodeError(error)
  return encodeLine({ errorDetail: { message }, error: message, ...more })
}

/** @throws TscomposeError ENGINE_ANSWER_INVALID for a line that is not JSON */
export async function* decodeLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of source) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim()) yield parse(line)
  }
  if (rest.trim()) yield parse(rest)
}

/** The lines of a progress stream. @throws TscomposeError where a line tells of a failure */
export async function* progressOf(lines: AsyncIterable<unknown>): AsyncGenerator<JSONMessage> {
  for await (const line of lines as AsyncIterable<JSONMessage & Partial<ErrorBody>>) {
    if (line.error !== undefined) throw decodeError({ ...line, message: line.error })
    yield line
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new TscomposeError('ENGINE_ANSWER_INVALID', `not a line of JSON: ${line.slice(0, 80)}`, { cause })
  }
}
