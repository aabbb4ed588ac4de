import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ImageProgress, ImageStore, ImageStoreOptions } from '../../src/image/image.ts'
import { openImageStore } from '../../src/image/store.ts'
import { temporaryDirectory } from '../temporary.ts'

export interface Store {
  readonly store: ImageStore
  readonly dataDir: string
  /** Opens it again, as the next engine does. */
  reopen(): Promise<ImageStore>
  /** The lines of a pull or load, those about progress left out. */
  readonly lines: string[]
  readonly onProgress: (progress: ImageProgress) => void
}

export const never = new AbortController().signal

export async function openStore(t: TestContext, options: Partial<ImageStoreOptions> = {}): Promise<Store> {
  const dataDir = join(temporaryDirectory('image', t), 'images')
  const open = () => openImageStore({ dataDir, registryMirrors: [], insecureRegistries: [], ...options })
  const lines: string[] = []
  const onProgress = ({ status, id, progressDetail }: ImageProgress) => {
    if (progressDetail?.total === undefined) lines.push(id ? `${id}: ${status}` : status)
  }
  return { store: await open(), dataDir, reopen: open, lines, onProgress }
}

/** What is on disk, once nothing is being removed any more. */
export async function onDisk(dataDir: string): Promise<{ layers: string[]; blobs: string[]; partial: string[] }> {
  const names = (path: string) => readdirSync(join(dataDir, path)).sort()
  while (names('layers').some(name => name.startsWith('.'))) await setTimeout(10)
  return { layers: names('layers'), blobs: names('content/sha256'), partial: names('content/partial') }
}

export const nothing = { layers: [], blobs: [], partial: [] }
