import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isDigest } from './digest.ts'
import type { Digest } from './image.ts'
import { JsonObject } from './json.ts'

/** What the store knows, as it stands in images.json. A value: every change makes a new one. */
export interface StoreState {
  /** By id, the digest of the image's manifest. */
  readonly images: Readonly<Record<Digest, Digest>>
  /** Canonical names with a tag or a digest, each with the id of its image. */
  readonly names: Readonly<Record<string, Digest>>
  /** Unpacked layers by diff id. */
  readonly layers: Readonly<Record<Digest, Layer>>
}

export interface Layer {
  /** Name of its directory; short, since the paths of all layers of a container have to fit into one page. */
  readonly directory: string
  /** Bytes of its files. */
  readonly size: number
  /** The archive it was unpacked from. */
  readonly blob: { readonly digest: Digest; readonly size: number; readonly mediaType: string }
}

export const emptyState: StoreState = { images: {}, names: {}, layers: {} }

const VERSION = 1

/** @throws TscomposeError IMAGE_STORE_INVALID */
export async function readState(file: string): Promise<StoreState> {
  const text = await readFile(file).catch(error => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return emptyState
  const json = JsonObject.parse(text, file, 'IMAGE_STORE_INVALID')
  if (json.number('version') !== VERSION)
    throw json.invalid(`made by another version of tscompose: ${json.number('version')}`)
  const layers = json.required('layers', (json, key) => json.object(key))
  return {
    images: digests(json, 'images') as StoreState['images'],
    names: digests(json, 'names'),
    layers: Object.fromEntries(
      layers
        .names()
        .map(diffId => [digest(layers, diffId), layer(layers.required(diffId, (json, key) => json.object(key)))]),
    ),
  }
}

function layer(json: JsonObject): Layer {
  const blob = json.required('blob', (json, key) => json.object(key))
  const directory = json.required('directory', (json, key) => json.string(key))
  if (!/^[0-9a-f]+$/.test(directory)) throw json.invalid(`not the name of a layer's directory: "${directory}"`)
  return {
    directory,
    size: json.required('size', (json, key) => json.number(key)),
    blob: {
      digest: digest(
        blob,
        blob.required('digest', (json, key) => json.string(key)),
      ),
      size: blob.required('size', (json, key) => json.number(key)),
      mediaType: blob.required('mediaType', (json, key) => json.string(key)),
    },
  }
}

function digests(json: JsonObject, key: string): Record<string, Digest> {
  const map = json.required(key, (json, key) => json.stringMap(key))
  return Object.fromEntries(Object.entries(map).map(([name, text]) => [name, digest(json, text)]))
}

function digest(json: JsonObject, text: string): Digest {
  if (isDigest(text)) return text
  throw json.invalid(`not a digest: "${text}"`)
}

/** Replaces the file as a whole: whoever reads it, also after a crash, finds the old or the new one. */
export async function writeState(file: string, state: StoreState): Promise<void> {
  const temporary = `${file}.new`
  {
    await using handle = await open(temporary, 'w', 0o600)
    await handle.writeFile(`${JSON.stringify({ version: VERSION, ...state }, undefined, 1)}\n`)
    await handle.sync()
  }
  await rename(temporary, file)
  await using directory = await open(dirname(file))
  await directory.sync()
}
