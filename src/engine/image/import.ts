import type { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import { importArchive } from '../../image/import.ts'
import { HttpClient } from '../../image/registry/http.ts'
import { assertOnline } from '../../offline.ts'
import type { ImageImportOptions, JSONMessage } from '../api.ts'
import type { Context } from '../context.ts'
import { invalid } from '../failures.ts'
import { withChanges } from './changes.ts'
import { parsePlatform } from './platform.ts'
import { progressStream } from './progress.ts'

const PROGRESS_MS = 100

/** Makes an image of an archive that comes with the request, or stands behind a URL. */
export function importImage(
  { images, events }: Context,
  source: Readable | URL,
  { repo, tag, message, changes = [], platform }: ImageImportOptions,
  signal: AbortSignal,
): AsyncIterable<JSONMessage> {
  return progressStream(async (_, abort, tell) => {
    const config = await withChanges({}, changes)
    const archive = source instanceof URL ? await download(source, abort) : source
    let told = performance.now()
    const image = await importArchive(
      images.workshop,
      archive,
      {
        config,
        comment: message ?? `Imported from ${source instanceof URL ? source.href : '-'}`,
        ...(platform && { platform: parsePlatform(platform) }),
        ...(repo && { name: tag ? `${repo}:${tag}` : repo }),
        onProgress: current => {
          if (performance.now() - told < PROGRESS_MS) return
          told = performance.now()
          tell({ status: 'Importing', progressDetail: { current } })
        },
      },
      abort,
    )
    events.emit('image', 'import', image.id, { name: image.repoTags[0] ?? image.id })
    tell({ status: image.id })
  }, signal)
}

/** A source that is no `-`: a URL, or a host and a path, as Docker takes it. */
export function importSource(text: string): URL {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`)
  if (!url) throw invalid(`invalid source of an import: "${text}"`)
  return url
}

async function download(url: URL, signal: AbortSignal): Promise<Readable> {
  assertOnline(url.host)
  const { status, body } = await new HttpClient({ insecure: false }).send({ url }, signal)
  if (status === 200) return body
  body.destroy()
  throw new TscomposeError('ENGINE_REQUEST_INVALID', `cannot download ${url.href}: HTTP status ${status}`)
}
