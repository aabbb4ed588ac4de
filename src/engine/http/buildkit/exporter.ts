import type { Engine } from '../../api.ts'
import { invalid, notSupported } from '../../failures.ts'
import { sendArchive, sendTree } from './files/send.ts'
import type { ClientSession } from './session/client-session.ts'

/** Where the result of a build goes. */
export type Exporter =
  /** Into the image store. */
  | { readonly kind: 'image'; readonly names: readonly string[] }
  /** To the client: the files in a directory or as an archive, or the image as an archive; that one is here, too, if it has names. */
  | { readonly kind: 'local' | 'tar' | 'archive'; readonly names: readonly string[] }
  /** Nowhere: what matters is what the build leaves in the cache. */
  | { readonly kind: 'nowhere' }

/** What changes nothing here, or is the client's to do: it pushes through the Engine API. */
const accepted = [
  'name',
  'push',
  'dest',
  'tar',
  'context',
  'registry.insecure',
  'load',
  'oci-mediatypes',
  'buildinfo-attrs',
]

/** @throws TscomposeError ENGINE_NOT_SUPPORTED, ENGINE_REQUEST_INVALID */
export function parseExporter(type: string, attributes: ReadonlyMap<string, string>): Exporter {
  for (const name of attributes.keys())
    if (!accepted.includes(name)) throw notSupported(`the attribute ${name} of an output of type ${type}`)
  const names = (attributes.get('name') ?? '').split(',').filter(name => name !== '')
  switch (type) {
    case '':
    case 'cacheonly':
      return { kind: 'nowhere' }
    case 'moby':
    case 'image':
      return { kind: 'image', names }
    case 'docker':
    case 'oci':
      if (attributes.get('tar') === 'false') throw notSupported(`an output of type ${type} with tar=false`)
      return { kind: 'archive', names }
    case 'local':
    case 'tar':
      return { kind: type, names }
    default:
      throw invalid(`exporter ${type} could not be found`)
  }
}

/** What the image is to be called in the store. */
export const namesHere = (exporter: Exporter): readonly string[] =>
  exporter.kind === 'image' || exporter.kind === 'archive' ? exporter.names : []

/** Takes an image to the client, if that is where it goes. */
export async function exportImage(
  engine: Engine,
  client: ClientSession,
  exporter: Exporter,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  switch (exporter.kind) {
    case 'local':
      return await sendTree(client, await engine.imageFiles(id), signal)
    case 'tar':
      return await sendArchive(client, await engine.imageFiles(id), signal)
    case 'archive':
      return await sendArchive(
        client,
        await engine.imageSave(exporter.names.length > 0 ? exporter.names : [id]),
        signal,
      )
  }
}
