import { open, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TscomposeError } from '../errors.ts'
import { isDigest } from './digest.ts'
import type { Digest } from './image.ts'
import { defined, JsonObject } from './json.ts'

/** What the store knows, as it stands in images.json. A value: every change makes a new one. */
export interface StoreState {
  /** By id, the digest of the image's manifest. */
  readonly images: Readonly<Record<Digest, Digest>>
  /**
   * Indexes of images for several platforms, by digest: the ids of those images that are here, two at least, by the
   * digest of the manifest that the index names. One that has only one image here is that image.
   */
  readonly indexes: Readonly<Record<Digest, Readonly<Record<Digest, Digest>>>>
  /** Canonical names with a tag or a digest, each with the id of its image or the digest of its index. */
  readonly names: Readonly<Record<string, Digest>>
  /** By id, when the image last got a name or was found by one in its registry (RFC 3339). */
  readonly tagged: Readonly<Record<Digest, string>>
  /** Unpacked layers by diff id. */
  readonly layers: Readonly<Record<Digest, Layer>>
}

export interface Layer {
  /** Name of its directory; short, since the paths of all layers of a container have to fit into one page. */
  readonly directory: string
  /** Bytes of its files. */
  readonly size: number
  /** Until its files are on the disk: the boot in which they were written. */
  readonly boot?: string
  /** The archive it was unpacked from. */
  readonly blob: { readonly digest: Digest; readonly size: number; readonly mediaType: string }
}

export const emptyState: StoreState = { images: {}, indexes: {}, names: {}, tagged: {}, layers: {} }

/** Version 1 knew no indexes. */
const VERSION = 2

/** The same once more: what images there are cannot be found out otherwise, and what no image has is removed. */
const copyOf = (file: string): string => `${file}.copy`

/**
 * Reads what {@link writeState} wrote. A file that is damaged is set aside, and reported; its copy counts then.
 * @returns 'damaged' if the copy does not help either
 * @throws TscomposeError IMAGE_STORE_INVALID if another version of the program has written it
 */
export async function readState(file: string, report: (message: string) => void): Promise<StoreState | 'damaged'> {
  let isDamaged = false
  for (const path of [file, copyOf(file)]) {
    const text = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      if (error.code === 'EISDIR') return ''
      throw error
    })
    if (text === undefined) continue
    try {
      return parseState(text, path)
    } catch (error) {
      if (!(error instanceof TscomposeError) || error instanceof OtherVersion) throw error
      const setAside = `${path}.damaged-${Date.now()}`
      await rename(path, setAside)
      report(`damaged record of images set aside as ${setAside}: ${error.message}`)
      isDamaged = true
    }
  }
  return isDamaged ? 'damaged' : emptyState
}

class OtherVersion extends TscomposeError {}

function parseState(text: string | Buffer, file: string): StoreState {
  const json = JsonObject.parse(text, file, 'IMAGE_STORE_INVALID')
  const version = json.required('version', (json, key) => json.number(key))
  if (version !== VERSION && version !== 1)
    throw new OtherVersion('IMAGE_STORE_INVALID', `${file} was made by another version of tscompose: ${version}`)
  const layers = json.required('layers', (json, key) => json.object(key))
  return {
    images: digests(json, 'images') as StoreState['images'],
    indexes: version === 1 ? {} : indexes(json.required('indexes', (json, key) => json.object(key))),
    names: digests(json, 'names'),
    tagged: (json.stringMap('tagged') ?? {}) as StoreState['tagged'],
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
    ...defined({ boot: json.string('boot') }),
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

const indexes = (json: JsonObject): StoreState['indexes'] =>
  Object.fromEntries(json.names().map(name => [digest(json, name), digests(json, name)]))

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
  const text = `${JSON.stringify({ version: VERSION, ...state }, undefined, 1)}\n`
  const temporary = `${file}.new`
  {
    await using handle = await open(temporary, 'w', 0o600)
    await handle.writeFile(text)
    await handle.sync()
  }
  await rename(temporary, file)
  {
    await using directory = await open(dirname(file))
    await directory.sync()
  }
  // For when the file is damaged later: the change is made, whether this works or not, and is not waited for on disk.
  await writeFile(temporary, text, { mode: 0o600 })
    .then(() => rename(temporary, copyOf(file)))
    .catch(() => undefined)
}
