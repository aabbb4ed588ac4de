import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Digest } from '../../src/image/image.ts'
import type { Written } from '../../src/image/unpack/layer-writer.ts'
import { type LayerBlob, Unpacker } from '../../src/image/unpack/unpacker.ts'
import { linux } from '../../src/sys/kernel.ts'
import { temporaryDirectory } from '../temporary.ts'

/** Why tests that unpack cannot run here, or false. */
export const skip: string | false =
  process.getuid?.() === 0 ? false : 'needs root: layers have owners, devices and a root of their own'

export const sha256 = (bytes: string | Buffer): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

export const wholeFile = (path: string, size: number): LayerBlob => ({
  path,
  watch(grown) {
    grown(size, true)
    return { [Symbol.dispose]() {} }
  },
})

export interface Unpacked {
  readonly written: Written
  /** The directory of the layer. */
  readonly directory: string
  /** What lies beside it, and must not be touched. */
  readonly outside: string
}

/** One for all tests of a file, so that each does not wait for a process of its own. */
export const unpacker = new Unpacker()

/** Unpacks a layer as the store does. @param archive as it is on the way, maybe compressed; `layer` is it as it is not */
export async function unpack(t: TestContext, layer: Buffer, archive = layer): Promise<Unpacked> {
  const outside = temporaryDirectory('image', t)
  const directory = join(outside, 'layer')
  await mkdir(directory)
  await writeFile(join(outside, 'blob'), archive)
  const job = {
    blob: wholeFile(join(outside, 'blob'), archive.length),
    directory,
    diffId: sha256(layer),
    onProgress() {},
  }
  const written = await unpacker.unpack(job, new AbortController().signal)
  return { written, directory, outside }
}

/** Everything there is to see of a tree, by path. Names that are no UTF-8 are shown as bytes. */
export function treeOf(directory: string, attributes: readonly string[] = []): Record<string, unknown> {
  const tree: Record<string, unknown> = {}
  const inodes = new Map<number, string>()
  const visit = (path: Buffer, shown: string) => {
    const stat = lstatSync(path, { bigint: true })
    const first = inodes.get(Number(stat.ino))
    if (!stat.isDirectory()) inodes.set(Number(stat.ino), first ?? shown)
    tree[shown] = {
      mode: stat.mode.toString(8),
      owner: `${stat.uid}:${stat.gid}`,
      mtime: stat.mtimeNs,
      ...(first && { hardLinkTo: first }),
      ...(stat.isSymbolicLink() && { target: readlinkSync(path, 'latin1') }),
      ...(stat.isFile() && { size: stat.size, content: sha256(readFileSync(path)) }),
      ...((stat.isCharacterDevice() || stat.isBlockDevice()) && { device: stat.rdev }),
      ...attributesOf(path.toString('latin1'), attributes),
    }
    if (!stat.isDirectory()) return
    for (const name of readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare))
      visit(Buffer.concat([path, Buffer.from('/'), name]), `${shown}/${name.toString('latin1')}`)
  }
  visit(Buffer.from(directory), '')
  return tree
}

const attributesOf = (path: string, names: readonly string[]) =>
  Object.fromEntries(
    names.flatMap(name => [attribute(path, name)].filter(value => value !== undefined).map(value => [name, value])),
  )

/** An extended attribute as hex digits. */
export function attribute(path: string, name: string): string | undefined {
  const value = Buffer.alloc(256)
  try {
    return value.toString('hex', 0, linux.lgetxattr(path, name, value, value.length))
  } catch {
    return undefined
  }
}
