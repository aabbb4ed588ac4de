import { Duplex } from 'node:stream'
import { type ErrorCode, TscomposeError } from '../../../errors.ts'
import { encodeFrame } from '../../stream-frames.ts'
import { type Answer, empty, json, streamType } from '../answer.ts'
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../detach-keys.ts'
import { execStartConfig } from '../requests.ts'
import { type Call, type Route, route } from '../router.ts'
import { terminalSize } from './containers.ts'

/** Failures that Docker tells on the stream, as output: its clients show nothing of an answer that is no upgrade. */
const launchFailures: readonly ErrorCode[] = [
  'RUNTIME_COMMAND_NOT_FOUND',
  'RUNTIME_COMMAND_NOT_EXECUTABLE',
  'RUNTIME_LAUNCH_FAILED',
  'RUNTIME_USER_UNKNOWN',
]

async function start({ engine, params: { id }, body, headers, minor }: Call<'id'>): Promise<Answer> {
  const config = await body(execStartConfig)
  const { ProcessConfig, DetachKeys } = await engine.execInspect(id)
  const { tty } = ProcessConfig
  const detachKeys = parseDetachKeys(DetachKeys || DEFAULT_DETACH_KEYS)
  const hijack = (stream: Duplex): Answer => ({
    kind: 'hijack',
    stream,
    contentType: streamType(tty, minor),
    ...(tty && { detachKeys }),
  })
  try {
    const stream = await engine.execStart(id, config)
    return stream ? hijack(stream) : empty(200)
  } catch (error) {
    const told = error instanceof TscomposeError && launchFailures.includes(error.code)
    // Our own client says that it understands errors, and gets them whole.
    if (!told || config.Detach || headers.accept === 'application/json') throw error
    const words = Buffer.from(`${error.message}\r\n`)
    return hijack(lastWords(tty ? words : encodeFrame('stdout', words)))
  }
}

/** A stream that says something, and takes and forgets whatever it is told. */
const lastWords = (words: Buffer): Duplex => {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  stream.push(words)
  stream.push(null)
  return stream
}

export const execRoutes: readonly Route[] = [
  route('POST', '/exec/{id}/start', start),
  route('POST', '/exec/{id}/resize', async call => {
    const { height, width } = terminalSize(call)
    await call.engine.execResize(call.params.id, height, width)
    return empty(200)
  }),
  route('GET', '/exec/{id}/json', async ({ engine, params: { id } }) => json(await engine.execInspect(id))),
]
