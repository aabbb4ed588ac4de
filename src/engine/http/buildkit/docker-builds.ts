import type { ImageBuildRequest } from '../../api.ts'
import { invalid, notSupported } from '../../failures.ts'
import type { Answer } from '../answer.ts'
import { buildQuery, jsonOf } from '../build-query.ts'
import type { Query } from '../query.ts'
import type { Call } from '../router.ts'
import { list, map, object, string } from '../shapes.ts'
import { type Exporter, parseExporter } from './exporter.ts'
import { statusResponse } from './messages/control.ts'
import { type AskedBuild, runBuild } from './run-build.ts'
import type { Sessions } from './session/sessions.ts'
import { Uploads } from './uploads.ts'

/** What the build of an archive has for its remote, and its upload before its id. */
const UPLOAD = 'upload-request'

/**
 * Builds of docker 20.10 with DOCKER_BUILDKIT=1 (moby, builder-next): the parameters are those of the classic endpoint, the
 * files come from the session, and what happens is told as BuildKit's messages in lines of JSON.
 */
export class DockerBuilds {
  readonly #sessions: Sessions
  readonly #uploads = new Uploads()
  /** By the ids that clients have given them. */
  readonly #running = new Map<string, AbortController>()

  constructor(sessions: Sessions) {
    this.#sessions = sessions
  }

  async serve(call: Call): Promise<Answer> {
    const { query, headers, stream, signal, engine } = call
    const ref = query.text('buildid') ?? ''
    if (ref.startsWith(`${UPLOAD}:`)) {
      await this.#uploads.offer(ref.slice(UPLOAD.length + 1), stream, signal)
      return { kind: 'empty', status: 200 }
    }
    const session = query.text('session')
    if (session === undefined) throw invalid('a build with BuildKit needs a session')
    const canceled = new AbortController()
    const until = AbortSignal.any([signal, canceled.signal])
    // First of all: docker never ends when it is told of an error before its session is there.
    const client = await this.#sessions.find(session, until)
    const exporter = exporterOf(query)
    const asked = buildQuery(query, headers)
    const place = await this.#placeOf(call, ref, asked, until)
    this.#running.set(ref, canceled)
    const build: AskedBuild = { ref, exporter, client, ...place }
    const forget = () => this.#running.delete(ref)
    return { kind: 'lines', lines: linesOf(runBuild(engine, build, until), forget), atOnce: true }
  }

  /** One that has ended is none that there is. */
  cancel(id: string): void {
    this.#running.get(id)?.abort()
  }

  async #placeOf(
    { query, stream }: Pick<Call, 'query' | 'stream'>,
    ref: string,
    asked: ImageBuildRequest,
    signal: AbortSignal,
  ): Promise<Pick<AskedBuild, 'request' | 'names' | 'archive'>> {
    const filename = asked.Dockerfile || 'Dockerfile'
    const inline = ['1', 'true'].includes(asked.BuildArgs?.BUILDKIT_INLINE_CACHE?.toLowerCase() ?? '')
    const request = { ...asked, ...(inline && { CacheTo: ['type=inline'] }) }
    const remote = query.text('remote')
    if (remote === 'client-session')
      return { request: { ...request, Context: 'local:context' }, names: { filename, dockerfile: 'dockerfile' } }
    if (remote === UPLOAD) return { request, names: { filename }, archive: await this.#uploads.take(ref, signal) }
    // Libraries that have a session for its logins only send the context as they do without BuildKit.
    if (remote === undefined) return { request, names: { filename }, archive: stream }
    return { request: { ...request, Context: remote }, names: { filename } }
  }
}

async function* linesOf(build: ReturnType<typeof runBuild>, forget: () => void): AsyncGenerator<object> {
  try {
    for (;;) {
      const { value, done } = await build.next()
      if (!done) {
        yield { id: 'moby.buildkit.trace', aux: statusResponse.encode(value).toString('base64') }
        continue
      }
      if (value !== undefined) yield { id: 'moby.image.id', aux: { ID: value } }
      return
    }
  } finally {
    forget()
    await build.return(undefined)
  }
}

const outputs = list(
  object<{ Type: string; Attrs?: Record<string, string> }>({ Type: string, Attrs: map(string) }, 'Type'),
)

function exporterOf(query: Query): Exporter {
  const [output, ...more] = jsonOf(query, 'outputs', outputs) ?? []
  if (more.length > 0) throw notSupported('several outputs of a build')
  if (output) return parseExporter(output.Type, new Map(Object.entries(output.Attrs ?? {})))
  return parseExporter('moby', new Map([['name', query.all('t').join(',')]]))
}
