import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Answer } from './answer.ts'
import { encodeFailure, encodeLine } from './json-lines.ts'

type PlainAnswer = Exclude<Answer, { readonly kind: 'hijack' | 'upgrade' }>
const JSON_TYPE = { 'Content-Type': 'application/json' }

/** Writes an answer. @throws what its stream throws, as long as nothing of it has been told */
export async function respond(response: ServerResponse, answer: PlainAnswer): Promise<void> {
  switch (answer.kind) {
    case 'empty':
      response.writeHead(answer.status, answer.headers).end()
      return
    case 'text':
      respondText(response, 200, answer.headers, answer.text)
      return
    case 'json':
      respondText(response, answer.status, JSON_TYPE, `${JSON.stringify(answer.value)}\n`)
      return
    case 'later':
      response.writeHead(200, JSON_TYPE).flushHeaders()
      // What nobody waits for any more may never come.
      await Promise.race([answer.value.then(value => response.end(`${JSON.stringify(value)}\n`)), closed(response)])
      return
    case 'lines':
      await respondLines(response, answer.lines, answer.atOnce)
      return
    case 'bytes':
      response.writeHead(200, { ...answer.headers, 'Content-Type': answer.contentType }).flushHeaders()
      await respondBytes(response, answer.stream, answer.failed)
  }
}

function respondText(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
) {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) }).end(text)
}

async function respondLines(response: ServerResponse, lines: AsyncIterable<unknown>, atOnce: boolean): Promise<void> {
  const begin = () => response.headersSent || response.writeHead(200, JSON_TYPE).flushHeaders()
  if (atOnce) begin()
  try {
    for await (const line of lines) {
      begin()
      if (!response.write(encodeLine(line))) await drained(response)
      if (response.destroyed) return // which ends the iteration, too
    }
    begin()
  } catch (error) {
    if (!response.headersSent) throw error
    response.write(encodeFailure(error))
  }
  response.end()
}

/** Waits until more can be written, or never will. */
async function drained(response: ServerResponse): Promise<void> {
  const over = new AbortController()
  await Promise.race([once(response, 'drain', { signal: over.signal }), closed(response)])
  over.abort()
}

async function closed(response: ServerResponse): Promise<void> {
  if (!response.destroyed) await new Promise<void>(resolve => response.once('close', () => resolve()))
}

async function respondBytes(response: ServerResponse, stream: Readable, failed?: (error: Error) => Uint8Array) {
  stream.once('error', error => (failed ? response.end(failed(error)) : response.destroy()))
  stream.pipe(response)
  await closed(response)
  // A reader that leaves must also end what nobody reads any more, such as the following of a log.
  stream.destroy()
}
