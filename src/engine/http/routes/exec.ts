import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { encodeFrame } from '../../stream-frames.ts'
import { type Answer, empty, json, streamType } from '../answer.ts'
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../detach-keys.ts'
import { encodeError, statusOfError } from '../error-body.ts'
import { execStartConfig } from '../requests.ts'
import { type Call, type Route, route } from '../router.ts'
import { terminalSize } from './containers.ts'

async function start({ engine, params: { id }, body, headers, minor }: Call<'id'>): Promise<Answer> {
  const config = await body(execStartConfig)
  const { ProcessConfig, DetachKeys } = await engine.execInspect(id)
  const { tty } = ProcessConfig
  const detachKeys = parseDetachKeys(DetachKeys || DEFAULT_DETACH_KEYS)
  const started = engine.execStart(id, config)
  // Our own client says that it understands errors, and gets them whole.
  const isOurs = headers.accept === 'application/json'
  const hijack = (stream: Duplex | Promise<Duplex>): Answer => ({
    kind: 'hijack',
    stream,
    headerAlone: !isOurs,
    contentType: streamType(tty, minor),
    ...(tty && { detachKeys }),
  })
  if (config.Detach || isOurs) {
    const stream = await started
    return stream ? hijack(stream) : empty(200)
  }
  // What the state of the container forbids is known at once, and is an answer of its own.
  await Promise.race([started, setImmediate()]).catch(error => {
    if ([404, 409].includes(statusOfError(error))) throw error
  })
  // The rest Docker tells on the stream, as output. Its header is on its way before there is any.
  return hijack(
    started.then(
      stream => stream ?? lastWords(Buffer.alloc(0)),
      error => {
        const words = Buffer.from(`${encodeError(error).message}\r\n`)
        return lastWords(tty ? words : encodeFrame('stdout', words))
      },
    ),
  )
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
